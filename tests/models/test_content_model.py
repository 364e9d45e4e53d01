"""Content: likeness by hand, brand-new items, dislikes, shares."""

import numpy as np
import polars as pl
import pytest

from workbench.data.dataset import Dataset
from workbench.errors import ArgumentError, CapabilityError
from workbench.features.items import item_vectors
from workbench.models.content import Content
from workbench.profile import Profile
from workbench.profiles import Profiles

ITEMS = pl.DataFrame(
    {
        "item_id": ["a", "b", "c", "new", "x"],
        "genres": [["Drama"], ["Comedy"], ["Drama", "War"], ["Comedy"], None],
    }
)
LOG = Dataset(
    pl.DataFrame({"user_id": [1, 1, 2], "item_id": ["a", "b", "c"], "value": [5.0, 1.0, 4.0]}),
    ITEMS,
    relevant_from=4.0,
)


def _scores(model, *people):
    return dict(
        zip(
            model.catalogue.ids,
            model.score(Profiles.of(people, model.catalogue)).T.tolist(),
            strict=True,
        )
    )


def test_one_event_is_enough_and_a_brand_new_item_is_scored():
    model = Content(dislikes=0.0).fit(LOG)
    scores = _scores(model, Profile.of(items=["b"], values=[5.0]))
    assert scores["new"] == pytest.approx([1.0])
    assert scores["a"] == pytest.approx([0.0], abs=1e-5)
    scores = _scores(model, Profile.of(items=["a"], values=[5.0]))
    assert scores["c"] == pytest.approx([np.sqrt(0.5)], abs=1e-5)
    assert scores["x"] == [0.0]


def test_dislikes_take_away_what_they_are_told_to():
    disliked = Profile.of(items=["b", "a"], values=[1.0, 5.0])
    for dislikes in (0.0, 0.5, 2.0):
        scores = _scores(Content(dislikes=dislikes).fit(LOG), disliked)
        assert scores["new"] == pytest.approx([-dislikes], abs=1e-5)


def test_the_score_is_the_sum_of_likenesses(log):
    people = log.profiles()
    vectors = item_vectors(log.items).matrix.toarray().astype(np.float64)
    liked = people.csr(people.positive(log.relevant_from)).toarray()
    signed = liked - 0.5 * (people.seen.toarray() - liked)
    model = Content().fit(log)
    expected = signed @ vectors @ vectors.T + model.prior_
    np.testing.assert_allclose(model.score(people), expected, atol=1e-4)


def test_event_shares_add_up_to_the_score(log):
    model, people = Content().fit(log), log.profiles()
    scores = model.score(people)
    for row in (0, 5):
        for item in (2, 29):
            total = model.event_shares(people[[row]], item).sum() + model.prior_[item]
            assert total == pytest.approx(scores[row, item], abs=1e-5)


def test_only_the_latest_event_of_an_item_counts():
    model = Content().fit(LOG)
    changed = Profile.of(items=["b", "b"], values=[5.0, 1.0])
    assert _scores(model, changed) == _scores(model, Profile.of(items=["b"], values=[1.0]))
    people = Profiles.of(changed, model.catalogue)
    new = model.catalogue.code("new")
    np.testing.assert_allclose(model.event_shares(people, new), [0.0, -0.5], atol=1e-6)


def test_an_empty_history_is_shown_what_is_popular():
    scores = _scores(Content().fit(LOG), Profile())
    assert scores["a"][0] > scores["b"][0] == scores["new"][0] == 0


def test_items_without_content_are_refused():
    bare = Dataset(LOG.interactions, pl.DataFrame({"item_id": ["a"], "price": [1.0]}))
    for nothing in (bare, Dataset(LOG.interactions)):
        with pytest.raises(CapabilityError, match="Content needs item_features"):
            Content().fit(nothing)
    titled = Dataset(LOG.interactions, pl.DataFrame({"item_id": ["a"], "title": ["One"]}))
    with pytest.raises(CapabilityError, match="items have none of genres, year"):
        Content(title=0).fit(titled)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"genres": -1.0}, "genres must be 0 or more, not -1.0"),
        ({"genres": 0, "year": 0, "title": 0}, "at least one of genres, year, title"),
        ({"dislikes": -0.1}, "dislikes must be 0 or more, not -0.1"),
    ],
)
def test_parameters_that_cannot_work_are_refused(params, message):
    with pytest.raises(ArgumentError, match=message):
        Content(**params)
