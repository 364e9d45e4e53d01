"""Every model of the registry, and a plain function: its explanation adds up, or says it cannot."""

import numpy as np
import pytest

import workbench as wb
from workbench.profiles import Profiles

SMALL = {
    "engine": {"n_trees": 10, "depth": 20},
    "als": {"n_factors": 8},
    "svdpp": {"n_factors": 4, "n_epochs": 2},
    "svd": {"n_factors": 4, "n_epochs": 2},
    "nmf": {"n_factors": 4, "n_epochs": 2},
    "stack": {"parts": ["baseline", "svd", "content"], "n_folds": 2, "n_trees": 10},
}
"""Parameters of what would take long to fit."""


def rule(profile, items):
    """Likes what is near in the catalogue to what was liked; a newcomer gets the order."""
    ids = items["item_id"].to_list()
    near = {i: -0.001 * j for j, i in enumerate(ids)}
    place = {i: j for j, i in enumerate(ids)}
    for event in profile.history:
        for by in range(1, 4):
            neighbour = ids[(place[event.item_id] + by) % len(ids)]
            near[neighbour] += (event.value or 3.0) / by
    return near


def fitted(name, train):
    if name == "function":
        return wb.FromFunction(rule).fit(train)
    return wb.create(name, **SMALL.get(name, {})).fit(train)


@pytest.mark.parametrize("name", [*wb.model_names(), "function"])
def test_shares_and_effects_of_any_model(name, world_split, guest):
    model = fitted(name, world_split.train)
    profile = wb.Profile(guest.history[:11], guest.attributes, guest.context)
    person = Profiles.of(profile, model.catalogue)
    slate = wb.slate(model, profile, 5)
    why = wb.explain(model, profile, slate.items[2], k=5, budget=60)
    assert why.score == slate.frame["score"][2]
    assert (why.rank, why.place) == (3, 3)
    code = model.catalogue.codes([why.item_id])
    score = getattr(model, "score_pairs", model.score)
    nobody = Profiles.of(wb.Profile((), profile.attributes, profile.context), model.catalogue)
    base = score(nobody, code)[0, 0]
    if np.isfinite(base):
        # The base is the same person without history, at the same moment.
        assert why.event_base == base
        assert abs(why.event_residual) < 1e-4
        total = why.events["share"].sum()
        assert abs(why.event_base + total - why.score) < 1e-4
        assert why.event_method in ("closed form", "sampled")
        assert (why.events["error"] >= 0).all()
    else:
        assert np.isnan(why.event_base)
        assert why.event_method == "none"
        assert why.events["share"].null_count() == why.events.height
    assert abs(why.residual) < 1e-4 or why.event_method == "none"
    first = why.events.row(0, named=True)
    less = Profiles.of(profile.without(first["item_id"]), model.catalogue)
    assert first["removal"] == pytest.approx(why.score - score(less, code)[0, 0], abs=1e-6)
    if not model.personalised:
        assert why.events["removal"].abs().max() < 1e-6
        assert why.events["share"].abs().max() < 1e-6
    assert len(person) == 1
    assert "nan" not in " ".join([why.sentence, *why.words]).lower()
