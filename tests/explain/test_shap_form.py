"""Our contributions are those of shap on the same trees, and its plots draw what we hand over."""

import matplotlib
import numpy as np
import pytest

import workbench as wb
from workbench.profiles import Profiles

matplotlib.use("Agg")


@pytest.fixture(scope="module", params=["binary:logistic", "rank:ndcg", "bags"])
def trees(request, world_split):
    """Engines of other objectives, and of several boosters; few trees are enough to differ."""
    params = {"n_bags": 3} if request.param == "bags" else {"objective": request.param}
    if request.param.startswith("rank"):
        params["min_child_weight"] = 1.0
    return wb.Engine(n_trees=15, depth=20, **params).fit(world_split.train)


def test_contributions_equal_those_of_shap_on_the_same_trees(trees, guest):
    import shap

    nobody = wb.Profile.of()
    people = Profiles.of([guest, nobody, wb.Profile.of(guest.items[:1])], trees.catalogue)
    _, matrix = trees.pair_features(people, np.arange(0, 160, 9))
    matrix[::5, ::3] = np.nan  # missing values go their own way in a tree
    assert np.isnan(matrix).any()
    explainers = [shap.TreeExplainer(booster) for booster in trees.ranker_.boosters]
    reference = np.mean([one.shap_values(matrix) for one in explainers], axis=0)
    base = np.mean([one.expected_value for one in explainers])
    ours = trees.contributions(matrix)
    assert np.abs(reference).max() > 0.01
    np.testing.assert_allclose(ours[:, :-1], reference, atol=1e-4)
    np.testing.assert_allclose(ours[:, -1], base, atol=1e-4)
    np.testing.assert_allclose(ours.sum(axis=1), trees.ranker_.predict(matrix), atol=1e-4)


def test_the_explanation_handed_over_is_that_of_shap(trees, guest):
    import shap

    item = wb.slate(trees, guest).items[0]
    why = wb.explain(trees, guest, item, budget=1)
    handed = why.to_shap()
    assert isinstance(handed, shap.Explanation)
    code = np.array([trees.catalogue.code(item)])
    names, matrix = trees.pair_features(Profiles.of(guest, trees.catalogue), code)
    reference = np.mean(
        [shap.TreeExplainer(booster)(matrix).values[0] for booster in trees.ranker_.boosters], 0
    )
    expected = dict(zip(names, reference, strict=True))
    np.testing.assert_allclose(
        handed.values, [expected[name] for name in handed.feature_names], atol=1e-4
    )
    np.testing.assert_allclose(
        handed.data, [matrix[0][names.index(name)] for name in handed.feature_names], rtol=1e-6
    )
    assert handed.values.sum() + handed.base_values == pytest.approx(why.score, abs=1e-4)


@pytest.fixture
def axes():
    """Closes what a plot opened, and counts what was drawn."""
    import matplotlib.pyplot as plt

    yield lambda: sum(len(a.patches) + len(a.collections) for a in plt.gcf().axes)
    plt.close("all")


@pytest.mark.filterwarnings("ignore")  # what shap and matplotlib warn of each other
@pytest.mark.parametrize("by", ["features", "events"])
@pytest.mark.parametrize("plot", ["waterfall", "bar", "beeswarm"])
def test_the_plots_of_shap_draw(engine, world_split, guest, axes, by, plot):
    import shap

    model = engine if by == "features" else wb.create("ease").fit(world_split.train)
    whys = [wb.explain(model, guest, i, budget=1) for i in wb.slate(model, guest, 4).items]
    handed = whys[0].to_shap(*whys[1:]) if plot == "beeswarm" else whys[0].to_shap()
    getattr(shap.plots, plot)(handed, show=False)
    assert axes() > 3
    if plot == "beeswarm":
        assert handed.values.shape == (4, len(handed.feature_names))
        total = handed.values.sum(axis=1) + handed.base_values
        np.testing.assert_allclose(total, [why.score for why in whys], atol=1e-4)


def test_people_with_other_events_share_one_table(world_split, guest):
    ease = wb.create("ease").fit(world_split.train)
    one = wb.explain(ease, guest, wb.slate(ease, guest).items[0])
    gone = one.events["item_id"].to_list()[:3]
    two = wb.explain(ease, guest.without(*gone), one.item_id)
    handed = one.to_shap(two)
    absent = [handed.feature_names.index(str(i)) for i in gone]
    assert (handed.values[1, absent] == 0).all()
    assert np.isnan(handed.data[1, absent]).all()
    assert (handed.values[0, absent] != 0).any()
    turned = two.to_shap(one)
    assert turned.feature_names == handed.feature_names == sorted(map(str, guest.items))
    np.testing.assert_array_equal(turned.values, handed.values[::-1])
    assert handed.values[1].sum() + handed.base_values[1] == pytest.approx(two.score, abs=1e-4)


def test_what_does_not_go_together_is_refused(engine, world_split, guest):
    ease = wb.create("ease").fit(world_split.train)
    item = wb.slate(engine, guest).items[0]
    with pytest.raises(wb.ArgumentError, match="some are by features and some by events"):
        wb.explain(engine, guest, item, budget=1).to_shap(wb.explain(ease, guest, item))
    silent = wb.FromFunction(
        lambda profile, items: dict.fromkeys(items["item_id"], 1.0) if len(profile) else {}
    ).fit(world_split.train)
    with pytest.raises(wb.ArgumentError, match="has no shares: the model cannot score"):
        wb.explain(silent, guest, item, budget=1).to_shap()
