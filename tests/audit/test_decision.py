import warnings

import numpy as np
import polars as pl
import pytest

import workbench as wb
from workbench.audit.calibration import calibration_error
from workbench.audit.decision_groups import Judged, decisions_frame, metric_frame
from workbench.audit.decision_parity import of_the_widest, parities_frame
from workbench.audit.groups import groupings
from workbench.errors import ArgumentError, DataError

RATES = ("selection_rate", "true_positive_rate", "false_positive_rate")


@pytest.fixture(scope="module")
def decided(audited):
    split, model, *_ = audited
    return split, model, wb.decision_audit(model, split)


def named(split, decided):
    """The judged pairs with their people's attributes."""
    return decided.pairs.join(split.train.users, on="user_id", maintain_order="left")


def asked(frame, metric, group, attribute="gender"):
    return frame.filter(metric=metric, group=group, attribute=attribute).row(0, named=True)


def world(n=400, seed=0, gap=0.0, size=8, share=0.4):
    """Judged pairs: people of two groups; ``gap`` less of the relevant pairs of "b" is found."""
    rng = np.random.default_rng(seed)
    group = np.where(rng.random(n) < share, "b", "a")
    person = np.repeat(np.arange(n), rng.integers(1, 2 * size, n))
    taste = rng.beta(4, 4, n)[person]  # pairs of one person are alike
    relevant = (rng.random(len(person)) < 0.5).astype(float)
    found = np.clip(np.where(relevant > 0, 0.3, 0.0) + taste * 0.7, 0, 1)
    found -= np.where((group[person] == "b") & (relevant > 0), gap, 0.0)
    decision = rng.random(len(person)) < found
    made, _ = groupings(pl.DataFrame({"group": group}), ["group"])
    return Judged(person, relevant, np.full(len(person), 0.5), decision, n), made


def test_what_is_judged_is_what_was_observed_and_scored(decided):
    split, model, found = decided
    ids, people = split.people()
    test = split.test.filter(pl.col("user_id").is_in(ids))
    pairs = test.unique(["user_id", "item_id"], keep="last")
    counts = found.counts
    assert counts["pairs"] == found.pairs.height
    assert counts["pairs"] + counts["not_candidates"] + counts["met_before"] == pairs.height
    scores = model.score(people)
    codes = split.train.catalogue.codes(found.pairs["item_id"])
    row = {user: i for i, user in enumerate(ids)}
    rows = [row[user] for user in found.pairs["user_id"]]
    assert np.array_equal(found.pairs["score"].to_numpy(), scores[rows, codes].astype(float))
    truth = pairs.join(found.pairs, on=["user_id", "item_id"])
    assert ((truth["value"] >= 4) == truth["relevant"]).all()
    assert f"{counts['pairs']:,} observed test pairs" in found.definition


def test_nobody_is_judged_by_what_was_fitted_on_them(decided):
    split, model, found = decided
    folds = found.pairs.group_by("user_id").agg(pl.col("fold").n_unique())["fold"]
    assert folds.max() == 1
    # With the labels of one fold turned round, its own probabilities stay what they were.
    from workbench.audit.calibration import cross_fitted
    from workbench.audit.decision import observed

    person, _, score, relevant, _ = observed(model, split)
    first = cross_fitted(score, relevant, person, "isotonic", 5, 0)
    turned = np.where(first.fold == 2, 1 - relevant, relevant)
    again = cross_fitted(score, turned, person, "isotonic", 5, 0)
    mine = first.fold == 2
    assert np.array_equal(first.probability[mine], again.probability[mine])
    assert np.array_equal(first.decision[mine], again.decision[mine])
    assert first.thresholds[2] == again.thresholds[2]
    assert not np.array_equal(first.probability[~mine], again.probability[~mine])


def test_rates_are_those_of_a_group_by(decided):
    split, _, found = decided
    for group, pairs in named(split, found).group_by("gender"):
        d, y = pairs["decision"].to_numpy(), pairs["relevant"].to_numpy()
        by_hand = (d.mean(), d[y].mean(), d[~y].mean())
        for metric, value in zip(RATES, by_hand, strict=True):
            assert asked(found.groups, metric, group[0])["value"] == pytest.approx(value, abs=1e-12)
        p = pairs["probability"].to_numpy()
        row = asked(found.groups, "calibration", group[0])
        assert row["value"] == pytest.approx(y.mean() - p.mean(), abs=1e-12)
        assert row["n"] == pairs["user_id"].n_unique()
        assert row["pairs"] == pairs.height
        assert row["low"] < row["value"] < row["high"]


def test_fairlearn_called_directly_says_the_same(decided):
    import pandas as pd
    from fairlearn import metrics

    split, _, found = decided
    pairs = named(split, found)
    y, d = pairs["relevant"].to_numpy().astype(int), pairs["decision"].to_numpy().astype(int)
    made, _ = groupings(split.train.users.select("gender", "region"), ["gender", "region"])
    assert {g.attribute for g in made} < set(found.parities["attribute"])
    for attribute in ("gender", "region"):
        names = pd.Series(pairs[attribute].to_list())
        mine = found.parities.filter(attribute=attribute)
        assert mine.height == 6
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for measure, value, low, high in mine.select(
                "measure", "value", "low", "high"
            ).iter_rows():
                direct = getattr(metrics, measure)(y, d, sensitive_features=names)
                assert value == pytest.approx(direct, abs=1e-12)
                assert low <= value <= high


def test_groups_of_too_few_are_left_out_of_every_measure(decided):
    split, model, _ = decided
    found = wb.decision_audit(model, split, ["age"], minimum=60)
    hidden = set(found.groups.filter("suppressed")["group"])
    assert hidden
    assert found.groups.filter("suppressed")["value"].null_count() == len(
        found.groups.filter("suppressed")
    )
    compared = found.parities["groups"][0].to_list()
    assert not hidden & set(compared)
    pairs = named(split, found)
    import pandas as pd
    from fairlearn.metrics import demographic_parity_difference as direct

    ages, _ = groupings(split.train.users.select("age"), ["age"])
    band = dict(zip(split.train.users["user_id"], ages[0].names, strict=True))
    names = pd.Series([band[user] for user in pairs["user_id"]])
    kept = names.isin(compared).to_numpy()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        value = direct(
            pairs["relevant"].to_numpy()[kept].astype(int),
            pairs["decision"].to_numpy()[kept].astype(int),
            sensitive_features=names[kept].reset_index(drop=True),
        )
    assert found.parities["value"][0] == pytest.approx(value, abs=1e-12)


def test_one_group_has_no_parity():
    judged, _ = world(60)
    made, _ = groupings(pl.DataFrame({"group": ["a"] * 50 + ["b"] * 10}), ["group"])
    shown = decisions_frame(judged, made, 20, 0)
    assert shown.filter(attribute="group")["suppressed"].all()
    found = parities_frame(judged, made, shown, 0)
    assert found["value"].null_count() == 6
    assert set(found["note"]) == {"fewer than two groups are large enough"}


def test_a_planted_gap_is_found_and_none_where_there_is_none():
    found = {}
    for gap in (0.0, 0.2):
        judged, made = world(gap=gap)
        shown = decisions_frame(judged, made, 20, 0)
        row = asked(shown, "true_positive_rate", "b", "group")
        parity = parities_frame(judged, made, shown, 0).filter(
            measure="equal_opportunity_difference"
        )
        found[gap] = row, parity.row(0, named=True)
    (fair, even), (biased, uneven) = found[0.0], found[0.2]
    assert fair["p_adjusted"] > 0.05
    assert fair["difference_low"] < 0 < fair["difference_high"]
    assert even["low"] == 0.0
    assert biased["p_adjusted"] < 0.01
    assert biased["difference"] == pytest.approx(-0.2, abs=0.06)
    assert uneven["low"] > 0.05


def test_intervals_are_of_people_not_of_pairs():
    """Where everybody's pairs are all alike, more pairs each say nothing new."""
    n = 200
    rng = np.random.default_rng(0)
    chosen = rng.random(n) < 0.4
    made, _ = groupings(pl.DataFrame({"group": ["a", "b"] * (n // 2)}), ["group"])
    widths = []
    for size in (1, 50):
        person = np.repeat(np.arange(n), size)
        judged = Judged(person, np.ones(n * size), np.full(n * size, 0.5), chosen[person], n)
        row = asked(decisions_frame(judged, made, 20, 0), "selection_rate", "a", "group")
        widths.append(row["high"] - row["low"])
    assert widths[1] == pytest.approx(widths[0], rel=0.05)
    assert widths[0] > 0.15


@pytest.mark.full
def test_the_level_holds_where_pairs_of_a_person_are_alike():
    missed = false = outside = 0
    trials = 100
    for trial in range(trials):
        judged, made = world(150, seed=trial)
        shown = decisions_frame(judged, made, 20, 0)
        row = asked(shown, "selection_rate", "b", "group")
        missed += not row["difference_low"] <= 0 <= row["difference_high"]
        false += row["p"] < 0.05
        even = parities_frame(judged, made, shown, 0).filter(measure="equalized_odds_difference")
        outside += even["low"][0] > 0
    assert missed <= 13  # 5 % of 100, and room for chance (99.9 %); of rows it is about 30
    assert false <= 13
    assert outside <= 13


def test_the_widest_of_many_alike_groups_is_not_called_a_gap():
    rng = np.random.default_rng(3)
    apart = 0
    for _ in range(100):
        values = rng.normal(0.5, 0.05, 12)
        draws = values[:, None] + rng.normal(0, 0.05, (12, 500))
        apart += of_the_widest([(values, draws)])[0] > 0
    assert apart <= 12
    values = np.array([0.2, 0.5, 0.5])
    low, high = of_the_widest([(values, values[:, None] + rng.normal(0, 0.01, (3, 500)))])
    assert 0.25 < low < 0.3 < high < 0.35
    low, high = of_the_widest([(values, values[:, None] + rng.normal(0, 0.01, (3, 500)))], "ratio")
    assert low < 0.4 < high < 0.5


def test_a_planted_miscalibration_is_found():
    """Group "b" is promised 0.2 too much."""
    n, size = 300, 10
    rng = np.random.default_rng(1)
    group = np.array(["a", "b", "b"] * (n // 3))
    person = np.repeat(np.arange(n), size)
    true = rng.uniform(0.3, 0.7, n * size)
    told = np.where(group[person] == "b", true + 0.2, true)
    relevant = (rng.random(n * size) < true).astype(float)
    made, _ = groupings(pl.DataFrame({"group": group}), ["group"])
    shown = decisions_frame(Judged(person, relevant, told, told > 0.5, n), made, 20, 0)
    a, b = (asked(shown, "calibration", g, "group") for g in "ab")
    assert b["high"] < -0.15
    assert a["low"] < 0 < a["high"]
    a, b = (asked(shown, "calibration_error", g, "group") for g in "ab")
    assert b["value"] == pytest.approx(0.2, abs=0.03)
    assert b["low"] > 3 * b["chance"]
    assert a["value"] < 2.5 * a["chance"]


def test_calibration_error_by_hand():
    relevant = np.array([1.0, 0, 1, 1])
    probability = np.array([0.15, 0.15, 0.95, 0.85])
    by_hand = (abs(1 - 0.3) + abs(1 - 0.95) + abs(1 - 0.85)) / 4
    assert calibration_error(relevant, probability) == pytest.approx(by_hand)


def test_probabilities_are_calibrated(decided):
    _, model, found = decided
    for method in ("isotonic", "platt"):
        again = wb.decision_audit(model, decided[0], ["gender"], method=method)
        row = again.groups.filter(metric="calibration", group="everybody").row(0, named=True)
        assert row["low"] < 0 < row["high"]
        assert again.pairs["probability"].is_between(0, 1).all()
        assert again.pairs["probability"].n_unique() > 5
    fixed = wb.decision_audit(model, decided[0], ["gender"], threshold=0.9)
    assert fixed.thresholds == (0.9,) * 5
    assert (fixed.pairs["decision"] == (fixed.pairs["probability"] >= 0.9)).all()
    assert fixed.pairs["decision"].mean() < found.pairs["decision"].mean()


def test_the_same_again_and_by_seed(decided):
    split, model, found = decided
    first = wb.decision_audit(model, split, ["gender"])
    again = wb.decision_audit(model, split, ["gender"])
    assert again.groups.equals(first.groups)
    assert again.parities.equals(first.parities)
    assert again.pairs.equals(found.pairs)
    assert not wb.decision_audit(model, split, ["gender"], seed=1).groups.equals(first.groups)


def test_a_group_without_any_relevant_pair_is_suppressed_there_only():
    judged, _ = world(120)
    group = ["a"] * 40 + ["b"] * 40 + ["c"] * 40
    silent = np.where(judged.person < 40, 0.0, judged.relevant)
    judged = Judged(judged.person, silent, judged.probability, judged.decision, 120)
    made, _ = groupings(pl.DataFrame({"group": group}), ["group"])
    shown = decisions_frame(judged, made, 20, 0)
    assert asked(shown, "true_positive_rate", "a", "group")["suppressed"]
    assert not asked(shown, "selection_rate", "a", "group")["suppressed"]
    assert metric_frame(judged, made[0])["group"].to_list() == ["a", "b", "c"]
    assert parities_frame(judged, made, shown, 0)["groups"][0].to_list() == ["b", "c"]


def test_what_cannot_work_is_refused_before_work(decided, log):
    split, model, _ = decided
    with pytest.raises(ArgumentError, match="lists have no score"):
        wb.decision_audit(wb.recommend(model, split.people()[1]), split)
    with pytest.raises(ArgumentError, match="split must be a Split"):
        wb.decision_audit(model, split.train)
    with pytest.raises(ArgumentError, match="method must be one of isotonic, platt"):
        wb.decision_audit(model, split, method="magic")
    with pytest.raises(ArgumentError, match="threshold must be"):
        wb.decision_audit(model, split, threshold=1.5)
    with pytest.raises(ArgumentError, match="minimum=5"):
        wb.decision_audit(model, split, minimum=5)
    with pytest.raises(ArgumentError, match="no attribute 'shoe'"):
        wb.decision_audit(model, split, ["shoe"])
    silent = wb.split(wb.Dataset.from_frames(log.interactions.drop("value")), "random")
    with pytest.raises(DataError, match="no feedback that says no"):
        wb.decision_audit(wb.create("ease").fit(silent.train), silent)
