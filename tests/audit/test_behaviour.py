"""Groups by what people did, and what is left of a gap among people alike."""

import numpy as np
import polars as pl
import pytest
from fairlearn.metrics import MetricFrame

import workbench as wb
from workbench.audit.behaviour import BEHAVIOUR, DAYS, MET, POPULAR, behaviour, beside
from workbench.audit.controlled import FEWEST, controlled_frame
from workbench.audit.groups import Grouping, groupings
from workbench.audit.people import people_frame
from workbench.features.bands import HEAD, popularity_bands


def test_behaviour_is_that_of_the_history_before_the_cut(audited):
    split, *_ = audited
    found = behaviour(split)
    assert found.columns == ["user_id", *BEHAVIOUR]
    assert found["user_id"].to_list() == split.people()[0]
    ids, people = split.people()
    head = {
        item
        for item, band in zip(
            split.train.items["item_id"], popularity_bands(split.train), strict=True
        )
        if band == HEAD
    }
    shares = []
    for profile, met, days in zip(people, found[MET], found[DAYS], strict=True):
        items = set(profile.items)
        assert met == len(items)
        assert days == len({event.timestamp // 86_400 for event in profile.history})
        shares.append(len(items & head) / len(items))
    low, high = np.quantile(shares, [0.2, 0.8])
    for share, kind in zip(shares, found[POPULAR], strict=True):
        wanted = "niche" if share <= low else "mainstream" if share >= high else "mixed"
        assert kind == wanted
    assert len(ids) == found.height


def test_an_attribute_of_that_name_stays(audited):
    split, *_ = audited
    known = pl.DataFrame({MET: ["own"] * len(split.people()[0])})
    assert beside(known, behaviour(split))[MET].unique().to_list() == ["own"]


def test_an_audit_asks_of_behaviour_but_guesses_and_flips_attributes_only(audited):
    _, _, _, audit = audited
    assert {MET, DAYS, POPULAR, "gender"} <= set(audit.people["attribute"])
    assert {"ndcg", "hit_rate", "miscalibration", "popularity_lift"} == set(audit.people["metric"])
    for frame in (audit.leakage, audit.flip, audit.verdicts):
        assert not set(frame["attribute"].drop_nulls()) & set(BEHAVIOUR)


def test_behaviour_can_be_asked_for_by_name_and_crossed(audited):
    split, model, rows, _ = audited
    found = wb.audit(model, split, [POPULAR, ("gender", POPULAR)], rows=rows, control=None)
    assert set(found.people["attribute"]) == {"everybody", POPULAR, f"gender × {POPULAR}"}
    assert set(found.flip["attribute"]) == {"gender"}
    assert found.controlled.height == 0


def test_a_policy_may_ask_of_behaviour(audited):
    *_, audit = audited
    rule = {"measure": "people", "metric": "ndcg", "attribute": MET, "at_least": 0.0}
    assert set(audit.judged({"rules": [rule]}).verdicts["attribute"]) == {MET}


def _grouping(name, labels):
    (made,), _ = groupings(pl.DataFrame({name: labels}))
    return made


def _world(n, rng, gap):
    """A score that hangs on the stratum, which hangs on the group; and on the group by ``gap``."""
    group = rng.integers(0, 2, n)
    stratum = (rng.random(n) < np.where(group == 1, 0.7, 0.3)).astype(int)
    score = 0.2 + 0.3 * stratum + gap * group + rng.normal(0, 0.1 + 0.1 * stratum, n)
    return group, stratum, score


def _controlled(group, stratum, score, minimum=20):
    rows = pl.DataFrame({"m": score})
    made = [_grouping("g", group.astype(str).tolist())]
    control = _grouping("s", stratum.astype(str).tolist())
    people = people_frame(rows, made, ["m"], minimum, 0)
    return controlled_frame(rows, made, control, ["m"], people, minimum)


def test_a_gap_that_is_all_of_the_control_goes_and_one_that_is_not_stays():
    rng = np.random.default_rng(0)
    for gap in (0.0, 0.1):
        group, stratum, score = _world(4000, rng, gap)
        crude = score[group == 1].mean() - score[group == 0].mean()
        row = _controlled(group, stratum, score).row(1, named=True)
        assert crude > gap + 0.08
        assert row["difference_low"] < gap < row["difference_high"]
        assert row["difference"] == pytest.approx(gap, abs=0.02)
        assert (row["p_adjusted"] < 0.001) == (gap > 0)


def test_strata_are_those_of_fairlearn():
    group, stratum, score = _world(300, np.random.default_rng(1), 0.1)
    cells = MetricFrame(
        metrics=lambda y, _: y.mean(), y_true=score, y_pred=score,
        sensitive_features=group, control_features=stratum,
    ).by_group  # fmt: skip
    size = np.array([(group[stratum == s] == 1).sum() for s in (0, 1)])
    gaps = np.array([cells[(s, 1)] - cells[(s, 0)] for s in (0, 1)])
    row = _controlled(group, stratum, score).row(1, named=True)
    assert row["difference"] == pytest.approx((size * gaps).sum() / size.sum(), abs=1e-12)
    assert row["n"] == size.sum()


def test_intervals_of_what_is_left_cover_it():
    rng = np.random.default_rng(2)
    covered = []
    for _ in range(400):
        row = _controlled(*_world(120, rng, 0.1)).row(1, named=True)
        covered.append(row["difference_low"] <= 0.1 <= row["difference_high"])
    assert 0.92 <= np.mean(covered) <= 0.98


def test_who_has_nobody_to_be_compared_with_is_left_out_and_few_are_not_shown():
    group = np.array([1] * 30 + [0] * 30 + [1] * 40)
    stratum = np.array([0] * 60 + [1] * 40)
    score = np.random.default_rng(3).random(100)
    row = _controlled(group, stratum, score).row(1, named=True)
    assert row["n"] == 30
    inside = score[:30].mean() - score[30:60].mean()
    assert row["difference"] == pytest.approx(inside, abs=1e-12)
    stratum[:27] = 2  # nobody of the others is there; with the others, only three are left
    few = _controlled(group, stratum, score).row(1, named=True)
    assert few["suppressed"]
    assert few["n"] is None
    assert few["difference"] is None
    stratum[:26] = 0
    stratum[26:30] = stratum[30:40] = 3  # four of them beside ten others: one too few
    least = _controlled(group, stratum, score).row(1, named=True)
    assert least["n"] == 26
    stratum[25] = 3
    assert _controlled(group, stratum, score).row(1, named=True)["n"] == 25 + FEWEST


def test_a_group_that_is_hidden_is_hidden_here_too():
    rng = np.random.default_rng(4)
    group = np.array([0] * 100 + [1] * 40 + [2] * 10)
    found = _controlled(group, rng.integers(0, 2, 150), rng.random(150))
    assert found["suppressed"].to_list() == [False, True, True]


def test_a_group_is_not_held_against_itself():
    rng = np.random.default_rng(5)
    made = _grouping("s", rng.integers(0, 2, 100).astype(str).tolist())
    rows = pl.DataFrame({"m": rng.random(100)})
    people = people_frame(rows, [made], ["m"], 20, 0)
    assert controlled_frame(rows, [made], made, ["m"], people, 20).height == 0


def test_a_control_that_is_not_there_is_refused(audited):
    split, model, rows, _ = audited
    with pytest.raises(wb.ArgumentError, match="control: people have no attribute 'height'"):
        wb.audit(model, split, rows=rows, control="height")
    assert isinstance(_grouping("g", ["a", "b"]), Grouping)
