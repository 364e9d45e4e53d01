"""What an engine looks at, over many people: a planted cause is found, and parts add up."""

import numpy as np
import polars as pl
import pytest

import workbench as wb
from workbench.errors import ArgumentError, NotFittedError
from workbench.explain import shown
from workbench.explain.background import LEARNT_FROM
from workbench.explain.global_ import DIFFERENCE, IMPORTANCE, global_shares
from workbench.explain.over_people import differences, means, per_person
from workbench.explain.shown import pair_matrix


@wb.feature(group="planted", meaning="whether the shop pushes it")
def pushed(pairs):
    return pairs.frame["push"]


@wb.feature(group="noise", meaning="nothing: another number for each pair")
def nothing(pairs):
    person = pairs.total(np.sin(1.0 + pairs.profiles.item))
    return np.sin(1e4 * (person[pairs.row] + 1) * (pairs.item + 1))


def pushed_log(n_users=200, n_items=80, seed=0):
    """People who like, later on, what a column of the items says, and nothing else."""
    rng = np.random.default_rng(seed)
    is_pushed = np.arange(n_items) % 4 == 0
    rows = []
    for user in range(n_users):
        first = rng.permutation(n_items)[:12]
        rest = rng.permutation(np.setdiff1d(np.arange(n_items), first))
        later = np.concatenate([rest[is_pushed[rest]][:2], rest[~is_pushed[rest]][:1]])
        for step, item in enumerate([*first, *rng.permutation(later)]):
            liked = is_pushed[item] if step >= 12 else rng.random() < 0.3
            rows.append((user, int(item), 100.0 * user + step, 5.0 if liked else 2.0))
    events = pl.DataFrame(rows, ["user_id", "item_id", "timestamp", "value"], orient="row")
    items = pl.DataFrame(
        {
            "item_id": np.arange(n_items),
            "push": is_pushed.astype(float),
        }
    )
    return wb.Dataset.from_frames(events, items, relevant_from=4.0, name="pushed")


@pytest.fixture(scope="module")
def pushing():
    log = pushed_log()
    engine = wb.Engine(
        retrievers={"popularity": ("popularity", {})},
        depth=80,
        features=[pushed, nothing],
        n_trees=40,
        short_share=0.0,
    ).fit(log)
    return global_shares(engine, log.profiles(list(range(60))))


@pytest.fixture(scope="module")
def asked(world_split):
    return world_split.people()


@pytest.fixture(scope="module")
def found(engine, asked):
    ids, people = asked
    return global_shares(engine, people, ids=ids)


# --- the planted cause ----------------------------------------------------------------------------


def test_a_planted_feature_comes_first_and_noise_is_near_nothing(pushing):
    frame = pushing.importance(n_boot=200)
    of_features = frame.drop_nulls("feature")
    assert of_features["feature"][0] == "pushed"
    assert frame["group"][0] == "planted"
    size = dict(of_features.select("feature", "mean_abs_share").iter_rows())
    assert size["nothing"] < 0.1 * size["pushed"]
    high = of_features.filter(pl.col("feature") == "nothing")["high"][0]
    assert high < of_features["low"][0]


def test_the_dependence_on_a_planted_feature_goes_its_way(pushing):
    # Slates hold pushed items only, so the curve is that of single scores.
    curve = pushing.partial_dependence("pushed", n_boot=200).curve
    assert curve["value"].to_list() == [1.0]
    everything = wb.background(pushing.engine, pushed_log().profiles([0, 1]), "two", size=50)
    assert set(np.unique(everything.matrix[:, pushing.column("pushed")])) == {0.0, 1.0}
    against = global_shares(
        pushing.engine, pushed_log().profiles(list(range(20))), against=everything
    )
    shares = against.shares[:, against.column("pushed")]
    assert (shares > 0.5).all()  # against candidates of which three quarters are not pushed


# --- parts add up ---------------------------------------------------------------------------------


def test_shares_add_up_to_the_scores_of_the_slates(engine, asked, found):
    _, people = asked
    slates = wb.recommend(engine, people, 10).frame
    assert found.residual < 1e-4
    total = found.base + found.shares.sum(axis=1)
    np.testing.assert_allclose(total, slates["score"].to_numpy(), atol=1e-4)
    assert (found.shown.row == slates["row"].to_numpy()).all()


def test_the_features_of_a_pair_are_those_that_the_engine_reads(engine, asked, found):
    _, people = asked
    for row in (0, 7):
        items = found.shown.item[found.shown.row == row]
        _, matrix = engine.pair_features(people[row : row + 1], items)
        assert (found.shown.matrix[found.shown.row == row] == matrix).all()
    assert pair_matrix(engine, people, np.zeros(0, int), np.zeros(0, int)).shape == (
        0,
        len(engine.features_),
    )


def test_people_asked_in_many_blocks_have_the_same_figures(engine, asked, found, monkeypatch):
    monkeypatch.setattr(shown, "CELLS", 1)
    ids, people = asked
    assert shown.at_once(engine) < len(ids) / 4
    again = global_shares(engine, people, ids=ids)
    assert (again.shown.matrix == found.shown.matrix).all()
    parts = wb.background(engine, people, "all", size=30).matrix
    monkeypatch.undo()
    assert (wb.background(engine, people, "all", size=30).matrix == parts).all()


def test_importance_is_the_mean_over_people_of_their_own_means(engine, found):
    frame = found.importance(n_boot=200)
    assert frame.schema == pl.Schema(IMPORTANCE)
    name = frame.drop_nulls("feature")["feature"][3]
    size = np.abs(found.shares[:, found.column(name)])
    by_hand = [size[found.shown.row == row].mean() for row in np.unique(found.shown.row)]
    row = frame.filter(pl.col("feature") == name).row(0, named=True)
    assert row["mean_abs_share"] == pytest.approx(np.mean(by_hand))
    assert (row["n"], row["n_pairs"]) == (len(by_hand), len(size))
    assert row["background"] == LEARNT_FROM
    group = frame.filter(pl.col("feature").is_null(), group="taste").row(0, named=True)
    columns = [f.group == "taste" for f in engine.features_]
    together = np.abs(found.shares[:, columns].sum(axis=1))
    by_hand = [together[found.shown.row == row].mean() for row in np.unique(found.shown.row)]
    assert group["mean_abs_share"] == pytest.approx(np.mean(by_hand))
    parts = frame.filter(pl.col("feature").is_not_null(), group="taste")["mean_abs_share"]
    assert group["mean_abs_share"] < parts.sum()  # what works against each other cancels


def test_groups_come_first_and_each_kind_is_in_order(found):
    frame = found.importance(n_boot=200)
    assert frame["feature"].is_null().to_list() == sorted(
        frame["feature"].is_null().to_list(), reverse=True
    )
    for part in (frame.filter(pl.col("feature").is_null()), frame.drop_nulls("feature")):
        assert part.height > 3
        assert part["mean_abs_share"].is_sorted(descending=True)
    bad = frame.filter(~pl.col("mean_abs_share").is_between("low", "high"))
    assert bad.height == 0


def test_interactions_add_up_to_shares_and_to_scores(found):
    asked = found.interactions(size=30, most=None, n_boot=200)
    assert asked.residual < 1e-4
    shares = found.shares[asked.sample]
    np.testing.assert_allclose(asked.values.sum(axis=2), shares, atol=1e-4)
    np.testing.assert_allclose(asked.values, asked.values.transpose(0, 2, 1), atol=1e-4)
    n = len(found.features)
    assert asked.frame.height == n * (n + 1) // 2
    assert asked.frame["mean_abs"].is_sorted(descending=True)
    row = asked.frame.filter(pl.col("first") != pl.col("second")).row(0, named=True)
    one, two = found.column(row["first"]), found.column(row["second"])
    size = 2 * np.abs(asked.values[:, one, two].astype(float))
    person = found.shown.row[asked.sample]
    by_hand = np.mean([size[person == p].mean() for p in np.unique(person)])
    assert row["mean_abs"] == pytest.approx(by_hand)


def test_interactions_are_those_of_shap(engine, found):
    import shap

    asked = found.interactions(size=6, most=3, n_boot=100)
    matrix = found.shown.matrix[asked.sample]
    (booster,) = engine.ranker_.boosters
    reference = shap.TreeExplainer(booster).shap_interaction_values(matrix)
    np.testing.assert_allclose(asked.values, reference, atol=1e-4)
    apart = asked.frame.filter(pl.col("first") != pl.col("second"))
    assert apart.height == 3
    assert asked.frame.height == 3 + len(found.features)  # and what each does alone
    whole = found.interactions(size=6, most=None, n_boot=100).frame
    assert apart.equals(whole.filter(pl.col("first") != pl.col("second")).head(3))


def test_interventional_shares_add_up_against_a_named_background(engine, asked, found):
    _, people = asked
    guests = wb.background(engine, people[:40], "guests", size=30, seed=1)
    assert (guests.name, len(guests)) == ("candidates of guests", 30)
    against = global_shares(engine, people[:20], against=guests)
    assert against.residual < 1e-4
    assert against.base == pytest.approx(float(engine.ranker_.predict(guests.matrix).mean()), 1e-5)
    frame = against.importance(n_boot=200)
    assert frame["background"].unique().to_list() == ["candidates of guests"]
    assert frame["background_size"].unique().to_list() == [30]
    other = found.importance(found.shown.ids[:20], n_boot=200)
    joined = frame.join(other, on=["feature", "group"], nulls_equal=True)
    assert (joined["mean_abs_share"] - joined["mean_abs_share_right"]).abs().max() > 1e-3


def test_interventional_shares_are_what_they_say():
    """Against one pair, the share of the only feature that differs is the whole difference."""
    log = pushed_log(60)
    engine = wb.Engine(
        retrievers={"popularity": ("popularity", {})}, depth=80, features=[pushed], n_trees=10,
        short_share=0.0, n_bags=2,
    ).fit(log)  # fmt: skip
    shares = global_shares(engine, log.profiles(list(range(10))))
    one = shares.shown.matrix[:1].copy()
    one[0, shares.column("pushed")] = 1 - one[0, shares.column("pushed")]
    from workbench.explain.background import Background, interventional

    parts, base = interventional(
        engine.ranker_, shares.shown.matrix[:1], Background("its twin", one)
    )
    assert base == pytest.approx(float(engine.ranker_.predict(one)[0]), abs=1e-5)
    assert parts[0].sum() == pytest.approx(shares.score[0] - base, abs=1e-5)
    assert abs(parts[0, shares.column("pushed")]) > 0.1
    assert np.abs(np.delete(parts[0], shares.column("pushed"))).max() < 1e-6


def test_a_background_of_slates_is_what_was_shown(engine, asked, found):
    _, people = asked
    slates = wb.background(engine, people, "all", of="slates", size=100_000)
    assert slates.name == "slates of all"
    rows = {row.tobytes() for row in found.shown.matrix}
    assert {row.tobytes() for row in slates.matrix} == rows


# --- order, people and intervals ------------------------------------------------------------------


def test_the_order_of_people_moves_nothing(engine, asked, found):
    ids, people = asked
    order = np.random.default_rng(5).permutation(len(ids))
    turned = wb.Profiles.of([people[int(i)] for i in order], engine.catalogue)
    other = global_shares(engine, turned, ids=[ids[i] for i in order])
    assert other.importance(n_boot=200).equals(found.importance(n_boot=200))
    cohort = ids[:30]
    one, two = (g.difference(cohort, n_boot=200) for g in (found, other))
    assert one.equals(two)
    one, two = (g.interactions(size=20, n_boot=200) for g in (found, other))
    assert one.frame.equals(two.frame)
    one, two = (g.partial_dependence("year", size=60, n_boot=200) for g in (found, other))
    assert one.curve.equals(two.curve)
    one, two = (wb.background(engine, p, "all", size=20, seed=3) for p in (people, turned))
    assert (one.matrix == two.matrix).all()


def test_a_cohort_is_named_by_ids_or_by_a_mask(asked, found):
    ids, _ = asked
    mask = np.zeros(len(ids), dtype=bool)
    mask[[2, 5, 9, 11]] = True
    named = found.importance([ids[i] for i in (11, 5, 2, 9)], n_boot=200)
    assert named.equals(found.importance(mask, n_boot=200))
    assert named["n"].unique().to_list() == [4]
    assert named["n_pairs"].unique().to_list() == [40]


def test_the_difference_of_two_cohorts_is_that_of_their_means(asked, found):
    ids, _ = asked
    one, two = ids[:40], ids[30:70]
    frame = found.difference(one, two, n_boot=200)
    assert frame.schema == pl.Schema(DIFFERENCE)
    for name, cohort in (("cohort", one), ("against", two)):
        alone = found.importance(cohort, n_boot=200).select("feature", "group", "mean_abs_share")
        joined = frame.join(alone, on=["feature", "group"], nulls_equal=True)
        assert joined.height == frame.height
        np.testing.assert_allclose(joined[name], joined["mean_abs_share"], rtol=1e-9)
    assert (frame["n"][0], frame["n_against"][0]) == (40, 40)
    same = found.difference(one, one, n_boot=200)
    assert same["difference"].abs().max() == 0
    assert same["high"].abs().max() < 1e-12
    rest = found.difference(one, n_boot=200)
    assert rest["n_against"][0] == len(ids) - 40


def test_one_person_has_a_figure_and_no_interval(engine, asked):
    _, people = asked
    frame = wb.importance(engine, people[:1], n_boot=200)
    assert frame["mean_abs_share"].null_count() == 0
    assert frame["low"].null_count() == frame.height
    found = global_shares(engine, people[:2])
    gap = found.difference([0], n_boot=200)
    assert gap["low"].null_count() == gap.height


def test_a_person_without_any_history_counts(engine, asked):
    _, people = asked
    nobody = wb.Profiles.of([wb.Profile.of(as_of=people.as_of[0])], engine.catalogue)
    assert wb.importance(engine, nobody, n_boot=200)["n"].unique().to_list() == [1]


@pytest.mark.parametrize("n", [12, 60])
def test_intervals_hold_the_truth_as_often_as_they_say(n):
    rng = np.random.default_rng(0)
    held = np.zeros(3)
    for trial in range(400):
        people = rng.gamma(2.0, 1.0, (n, 2))
        (one, _), half = means(people, 0.9, trial, 200), np.arange(n) % 3 == 0
        gap = differences(people, half, ~half, 0.9, trial, 200)[0]
        overlap = differences(people, half, np.ones(n, bool), 0.9, trial, 200)[0]
        held += [one[1] <= 2 <= one[2], gap[3] <= 0 <= gap[4], overlap[3] <= 0 <= overlap[4]]
    assert ((held / 400 > 0.84) & (held / 400 < 0.96)).all(), held / 400


def test_people_who_all_have_the_same_leave_room_for_others():
    flat = np.zeros((20, 1))
    assert means(flat, 0.95, 0, 200).tolist() == [[0.0, 0.0, 0.0]]
    assert means(flat, 0.95, 0, 200, (0, 1))[0, 2] == pytest.approx(1 - 0.025 ** (1 / 20))


def test_means_per_person_know_who_has_nothing():
    got = per_person(np.array([[1.0], [3.0], [5.0]]), np.array([0, 0, 2]), 4)
    np.testing.assert_array_equal(got[:, 0], [2.0, np.nan, 5.0, np.nan])


# --- what it refuses ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"k": 0}, "k must be a whole number"),
        ({"level": 1.0}, "level must be above 0 and below 1"),
        ({"n_boot": 5}, "n_boot must be a whole number of at least 100"),
        ({"seed": -1}, "seed must be a whole number"),
        ({"against": "guests"}, "against must be a Background, not str"),
    ],
)
def test_what_cannot_work_is_refused(engine, asked, how, message):
    with pytest.raises(ArgumentError, match=message):
        wb.importance(engine, asked[1][:3], **how)


def test_a_model_without_features_is_refused(world_split, asked):
    ease = wb.create("ease").fit(world_split.train)
    with pytest.raises(ArgumentError, match="'ease' has no features"):
        wb.importance(ease, asked[1])
    with pytest.raises(ArgumentError, match="engine: 'dict' has no features"):
        wb.background({}, asked[1], "all")
    with pytest.raises(NotFittedError, match="fit"):
        wb.importance(wb.Engine(), asked[1])


def test_nobody_and_no_people_are_refused(engine, asked):
    _, people = asked
    with pytest.raises(ArgumentError, match="nobody to ask"):
        wb.importance(engine, people[:0])
    with pytest.raises(ArgumentError, match="profiles must be Profiles, not Profile;"):
        wb.importance(engine, people[0])
    full = wb.Profile.of(items=engine.catalogue.ids.to_list())
    with pytest.raises(ArgumentError, match="none of these people is shown anything"):
        wb.importance(engine, wb.Profiles.of([full], engine.catalogue))
    with pytest.raises(ArgumentError, match="no retriever brings these people anything"):
        wb.background(engine, wb.Profiles.of([full], engine.catalogue), "full")


@pytest.mark.parametrize(
    ("cohort", "message"),
    [
        (["nobody"], "cohort: 'nobody' is none of the people that were asked"),
        ([], "cohort: none of these people is shown anything"),
        (np.ones(3, dtype=bool), r"a mask over the \d+ people that were asked has shape"),
        ("u1", "cohort must be a list of ids or a mask, not 'u1'"),
        (5, "cohort must be a list of ids or a mask, not 5"),
    ],
)
def test_a_cohort_that_is_none_is_refused(found, cohort, message):
    with pytest.raises(ArgumentError, match=message):
        found.importance(cohort)
    with pytest.raises(ArgumentError, match=message):
        found.difference(cohort)


def test_everybody_has_nobody_to_be_compared_with(found):
    with pytest.raises(ArgumentError, match="cohort: it is everybody"):
        found.difference(found.shown.ids)


def test_ids_name_each_person_once(engine, asked):
    ids, people = asked
    with pytest.raises(ArgumentError, match="ids must name each of the"):
        global_shares(engine, people, ids=ids[:-1])
    with pytest.raises(ArgumentError, match="ids must name each of the"):
        global_shares(engine, people, ids=[ids[0]] * len(ids))


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"of": "lists"}, "of must be 'candidates' or 'slates'"),
        ({"name": " "}, "name must say who these people are"),
        ({"size": 0}, "size must be a whole number of at least 1"),
        ({"seed": 1.5}, "seed must be a whole number"),
    ],
)
def test_a_background_that_cannot_be_is_refused(engine, asked, how, message):
    with pytest.raises(ArgumentError, match=message):
        wb.background(engine, asked[1], **{"name": "all", **how})
