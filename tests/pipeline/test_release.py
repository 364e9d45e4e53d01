"""The next run against the one before: planted changes are found, and chance is not."""

import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

import workbench as wb
from workbench.audit.slices import slices
from workbench.columns import USER
from workbench.data.synthetic import synthetic
from workbench.errors import ArgumentError, DataError
from workbench.pipeline import Run
from workbench.pipeline.release import OTHER_PLACES, OVERLAP, compare_runs
from workbench.slate import rank_biased_overlap


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """Two runs of one log by different engines."""
    log = synthetic(n_users=150, n_items=80, n_events=2800, seed=3)
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("workbench.pipeline.job.INSIDE", {})
        return tuple(
            wb.run(
                log, home=home, models=["popularity"], progress=False,
                engine=wb.Engine(retrievers={name: [name, {}]}, n_trees=trees),
            )
            for name, trees in (("ease", 20), ("popularity", 2))
        )  # fmt: skip


def twin(run, **held):
    """The same run with other rows, audit or split."""
    copy = Run(run.path, run.manifest)
    copy.__dict__.update(held)
    return copy


def changed(run, add, who=None):
    """The run with a change of everybody's nDCG, or of some people's."""
    hit = pl.lit(True) if who is None else pl.col(USER).is_in(list(who))
    rows = run.rows.with_columns(
        pl.when(hit & (pl.col("model") == "engine"))
        .then(pl.col("ndcg") + add)
        .otherwise("ndcg")
        .alias("ndcg")
    )
    return twin(run, rows=rows)


def noisy(run, spread, seed=0):
    noise = np.random.default_rng(seed).normal(0, spread, run.rows.height)
    return twin(run, rows=run.rows.with_columns(pl.col("ndcg") + pl.Series(noise)))


def row_of(frame, attribute, group, **where):
    for name, value in where.items():
        frame = frame.filter(pl.col(name) == value)
    (row,) = frame.filter(attribute=attribute, group=group).to_dicts()
    return row


def test_a_run_against_itself_is_ok(pair):
    found = compare_runs(pair[0], pair[0])
    assert (found.verdict, found.exit_code) == ("ok", 0)
    assert found.flipped.height == 0
    assert found.notes == ()
    shown = found.people.filter(pl.col("note").is_null())
    assert shown["difference"].abs().max() == 0
    assert shown["high"].max() == 0
    assert set(found.slates.filter(measure=OTHER_PLACES)["mean"].drop_nulls()) == {0.0}
    assert found.slates.filter(measure=OVERLAP)["mean"].drop_nulls().to_list() == pytest.approx(
        [1.0] * found.slates.filter(measure=OVERLAP)["mean"].drop_nulls().len()
    )


def test_a_worse_engine_is_worse_and_the_other_way_round_better(pair):
    found = compare_runs(*pair)
    assert (found.verdict, found.exit_code) == ("worse", 1)
    everybody = row_of(found.people, "everybody", "everybody")
    one, two = (run.rows.filter(model="engine").sort(USER)["ndcg"].to_numpy() for run in pair)
    assert everybody["difference"] == pytest.approx((two - one).mean())
    assert everybody["verdict"] == "worse"
    back = row_of(compare_runs(*pair[::-1]).people, "everybody", "everybody")
    assert back["verdict"] == "better"
    assert (back["low"], back["high"]) == pytest.approx(
        (-everybody["high"], -everybody["low"]), abs=0.01
    )


def test_slates_are_compared_person_by_person(pair):
    found = compare_runs(*pair)
    people = pair[0].split.people()[1]
    old, new = (list(wb.recommend(run.engine, people, 10)) for run in pair)
    other = [1 - len({*a.items} & {*b.items}) / 10 for a, b in zip(old, new, strict=True)]
    overlap = [rank_biased_overlap(a.items, b.items) for a, b in zip(old, new, strict=True)]
    for measure, by_hand in ((OTHER_PLACES, other), (OVERLAP, overlap)):
        row = row_of(found.slates, "everybody", "everybody", measure=measure)
        assert row["mean"] == pytest.approx(np.mean(by_hand))
        way = next(way for way in slices(pair[1].split) if way.attribute == "gender")
        mask = (way.names == way.order[0]).to_numpy()
        row = row_of(found.slates, "gender", way.order[0], measure=measure)
        assert row["mean"] == pytest.approx(np.array(by_hand)[mask].mean())
        assert row["n"] == mask.sum()
    most = found.slates.filter(pl.col("measure") == OTHER_PLACES)["mean"].drop_nulls().to_list()
    assert most[1:] == sorted(most[1:], reverse=True)


def test_the_group_that_lost_is_named(pair):
    run = pair[0]
    way = next(way for way in slices(run.split) if way.attribute == "gender")
    group = way.order[0]
    ids = [i for i, name in zip(run.split.people()[0], way.names, strict=True) if name == group]
    found = compare_runs(run, changed(noisy(run, 0.01), -0.05, ids))
    worse = found.people.filter(verdict="worse")
    assert row_of(worse, "gender", group)["difference"] == pytest.approx(-0.05, abs=0.01)
    assert row_of(found.people, "gender", way.order[1])["verdict"] == "ok"
    assert found.exit_code == 1
    assert any(reason.startswith(f"gender = {group}: ndcg -0.0") for reason in found.reasons)


def test_what_is_within_the_margin_does_not_matter(pair):
    less = changed(noisy(pair[0], 0.001), -0.02)
    assert compare_runs(pair[0], less, margin=0.01).exit_code == 1
    assert compare_runs(pair[0], less, margin=0.03).exit_code == 0
    assert compare_runs(pair[0], less, margin=0.02).exit_code == 3  # the interval covers it


def test_much_noise_is_cannot_tell(pair):
    found = compare_runs(pair[0], noisy(pair[0], 0.5))
    assert (found.verdict, found.exit_code) == ("cannot tell", 3)


def test_every_group_is_asked_for_where_that_is_wanted(pair):
    some = noisy(pair[0], 0.06)
    assert compare_runs(pair[0], some, margin=0.02).exit_code == 0
    strict = compare_runs(pair[0], some, margin=0.02, every_group=True)
    assert strict.exit_code == 3
    assert all("cannot tell" in reason for reason in strict.reasons)


def with_verdicts(run, verdict, place=0):
    frame = run.audit.verdicts
    verdicts = frame["verdict"].to_list()
    verdicts[place] = verdict
    audit = replace(run.audit, verdicts=frame.with_columns(pl.Series("verdict", verdicts)))
    return twin(run, audit=audit)


@pytest.mark.parametrize(
    ("before", "after", "code", "strict"),
    [
        ("pass", "fail", 1, 1), ("cannot tell", "fail", 1, 1), ("fail", "fail", 0, 3),
        ("fail", "pass", 0, 3), ("pass", "cannot tell", 0, 3), ("pass", "pass", 0, 3),
    ],
)  # fmt: skip
def test_a_verdict_that_becomes_fail_stops_the_gate(pair, before, after, code, strict):
    one, two = with_verdicts(pair[0], before), with_verdicts(pair[0], after)
    found = compare_runs(one, two)
    assert found.exit_code == code
    assert found.flipped.height == (before != after)
    if before != after:
        assert found.flipped.select("before", "after").row(0) == (before, after)
    strictly = compare_runs(one, two, every_group=True)
    assert strictly.exit_code in (code, strict)
    if (before, after) == ("pass", "cannot tell"):
        assert any("was pass and is cannot tell" in reason for reason in strictly.reasons)
        assert "of 1 verdicts that were pass" in found.reasons[-1]


def test_only_people_who_were_asked_the_same_count(pair):
    run = pair[0]
    ids, _ = run.split.people()
    gone, other = ids[0], ids[1]
    test = run.split.test.filter(pl.col(USER) != gone)
    liked = run.split.train.catalogue.id(int(run.split.relevant_matrix()[[1]].indices[0]))
    fewer = replace(
        run.split, test=test.filter((pl.col(USER) != other) | (pl.col("item_id") != liked))
    )
    kept = fewer.people()[0]
    later = twin(run, split=fewer, rows=run.rows.filter(pl.col(USER).is_in(kept)))
    found = compare_runs(run, later)
    assert found.n == len(ids) - 2
    assert found.notes[0].startswith(f"2 of {len(ids)} people were asked in one run only")
    assert found.exit_code == 0  # paired with themselves, not with their neighbour


def test_runs_of_different_people_cannot_be_compared(pair):
    few = replace(pair[0].split, test=pair[0].split.test.filter(pl.col(USER) == 1))
    with pytest.raises(DataError, match="people were asked the same question in"):
        compare_runs(pair[0], twin(pair[0], split=few))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"metrics": "ndcg"}, "metrics must be a list of at least one name, not 'ndcg'"),
        ({"metrics": []}, "metrics must be a list"),
        ({"metrics": ["nDCG"]}, "the runs have no figure 'nDCG' of each person"),
        ({"metrics": ["miscalibration"]}, "more is not better"),
        ({"margin": -0.1}, "margin must be a number of at least 0, not -0.1"),
        ({"margin": float("nan")}, "margin must be"),
        ({"minimum": 5}, "never shown"),
    ],
)
def test_arguments_that_cannot_work_say_why(pair, arguments, message):
    with pytest.raises(ArgumentError, match=message):
        compare_runs(*pair, **arguments)


def test_runs_of_another_k_or_no_runs_are_refused(pair):
    other = json.loads(json.dumps(pair[1].manifest))
    other["configuration"]["k"] = 5
    with pytest.raises(ArgumentError, match="a has slates of 10 places and b of 5"):
        compare_runs(pair[0], Run(pair[1].path, other))
    with pytest.raises(ArgumentError, match="b must be a Run, not str"):
        compare_runs(pair[0], "run")


def test_nothing_about_fewer_than_20_people_leaves_it(pair):
    found = compare_runs(*pair, metrics=["ndcg", "hit_rate"])
    told = json.loads(json.dumps(found.as_dict(), allow_nan=False))
    assert told["exit_code"] == 1
    for name in ("people", "slates"):
        for row in told[name]:
            shown = [row.get(key) for key in ("before", "after", "mean", "difference", "low")]
            assert row["n"] >= 20 or shown == [None] * 5
            assert "user_id" not in row
        assert any(row["n"] < 20 for row in told[name])
