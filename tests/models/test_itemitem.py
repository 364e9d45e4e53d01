"""What all neighbourhoods and linear models of items do at the edges."""

import numpy as np
import polars as pl
import pytest

from workbench.data.dataset import Dataset
from workbench.models.linear import EASE
from workbench.models.neighbours import ItemKNN, UserKNN
from workbench.models.sparse_linear import SLIM
from workbench.models.walks import RP3beta

MODELS = [
    EASE(),
    EASE(dtype="float64"),
    SLIM(),
    SLIM(n_neighbours=2),
    ItemKNN(),
    ItemKNN(similarity="adjusted-cosine"),
    ItemKNN(similarity="dot", weighting="bm25"),
    UserKNN(),
    UserKNN(similarity="adjusted-cosine"),
    UserKNN(weighting="tf-idf", similarity="jaccard"),
    RP3beta(),
]
each = pytest.mark.parametrize("model", MODELS, ids=str)


@each
def test_a_log_in_which_nobody_liked_anything_is_fitted(world, model):
    interactions = world.interactions.with_columns(value=pl.lit(1.0))
    log = Dataset(interactions, relevant_from=3.0)
    scores = type(model)(**model.params()).fit(log).score(log.profiles())
    assert scores.shape == (36, log.n_items)
    assert not scores.any()


@each
def test_one_event_of_one_person_is_fitted(model):
    frame = pl.DataFrame({"user_id": ["p"], "item_id": ["i"], "value": [5.0]})
    log = Dataset.from_frames(frame, relevant_from=3.0)
    scores = type(model)(**model.params()).fit(log).score(log.profiles())
    assert scores.shape == (1, 1)
    assert np.isfinite(scores).all()


@pytest.mark.parametrize("model", [m for m in MODELS if m.has_event_shares], ids=str)
def test_the_share_of_an_event_is_its_weight_times_a_cell(log, model):
    fitted = type(model)(**model.params()).fit(log)
    person = log.profiles()[[3]]
    counts = person.positive(log.relevant_from)
    person.weight.flags.writeable = True
    person.weight[:] = np.where(np.arange(len(person.item)) % 2, 1.0, 2.5)
    cells = (
        fitted.weights_ if isinstance(fitted.weights_, np.ndarray) else fitted.weights_.toarray()
    )
    for item in (0, 4):
        expected = np.where(counts, person.weight * cells[person.item, item], 0)
        np.testing.assert_allclose(fitted.event_shares(person, item), expected, rtol=1e-6)
