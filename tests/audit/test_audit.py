import numpy as np
import polars as pl
import pytest

import workbench as wb
from workbench.audit.behaviour import BEHAVIOUR
from workbench.errors import ArgumentError


def gender(audit, group="F", metric="ndcg"):
    return audit.people.filter(attribute="gender", group=group, metric=metric).row(0, named=True)


def test_everything_is_measured(audited):
    split, _, rows, audit = audited
    assert audit.groups["attribute"].to_list() == ["age", "gender", "region", *BEHAVIOUR]
    everybody = audit.people.filter(attribute="everybody", metric="ndcg").row(0, named=True)
    summary = wb.summarise(rows).filter(metric="ndcg").row(0, named=True)
    assert everybody["n"] == len(split.people()[0])
    for ours, theirs in (("value", "mean"), ("low", "low"), ("high", "high")):
        assert everybody[ours] == pytest.approx(summary[theirs], abs=1e-12)
    assert set(audit.items["column"]) == {"popularity", "genres", "decade"}
    assert set(audit.leakage["source"]) == {"slates", "histories", "slates less histories"}
    assert set(audit.verdicts["verdict"]) <= {"pass", "fail", "cannot tell"}
    assert audit.settings["k"] == 10
    assert "gender" in repr(audit)


def test_groups_are_those_of_a_group_by(audited):
    split, _, rows, audit = audited
    by = (
        rows.join(split.train.users, on="user_id")
        .group_by("gender")
        .agg(pl.col("hit_rate").mean(), pl.len())
    )
    for group, value, n in by.iter_rows():
        row = gender(audit, group, "hit_rate")
        assert row["value"] == pytest.approx(value, abs=1e-12)
        assert row["n"] == n


def test_a_planted_bias_is_found_and_none_where_there_is_none():
    found = {}
    for bias in (0.0, 1.0):
        dataset = wb.load("synthetic", n_users=800, n_items=200, n_events=24_000, seed=3, bias=bias)
        split = wb.split(dataset)
        found[bias] = wb.audit(wb.create("ease").fit(split.train), split, ["gender"])
    biased, fair = gender(found[1.0]), gender(found[0.0])
    assert biased["p_adjusted"] < 0.01
    assert biased["difference_high"] < 0
    assert biased["ratio_high"] < 0.8
    verdicts = found[1.0].verdicts.filter(attribute="gender", group="F", measure="ndcg ratio")
    assert verdicts["verdict"].to_list() == ["fail"]
    assert found[1.0].passed is False
    assert fair["p_adjusted"] > 0.05
    assert fair["difference_low"] < 0 < fair["difference_high"]


def test_slates_alone_give_what_the_model_gives(audited):
    split, model, _, audit = audited
    ids, people = split.people()
    slates = wb.recommend(model, people)
    names = pl.DataFrame({"row": range(len(ids)), "user_id": ids})
    given = wb.Slates.from_frame(slates.frame.join(names, on="row").select(
        "user_id", "item_id", "rank"
    ))  # fmt: skip
    for lists in (slates, given):
        again = wb.audit(lists, split)
        assert again.people.equals(audit.people)
        assert again.items.equals(audit.items)
        assert again.leakage.equals(audit.leakage)


def test_lists_that_are_longer_are_cut_at_k_everywhere(audited):
    split, model, _, audit = audited
    _, people = split.people()
    long = wb.recommend(model, people, k=25)
    again = wb.audit(long, split, k=10)
    assert again.items.equals(audit.items)
    assert again.leakage.equals(audit.leakage)
    assert again.people.equals(audit.people)
    with pytest.raises(ArgumentError, match="the slates have 25 places and k is 30"):
        wb.audit(long, split, k=30)


def test_rows_of_another_k_are_refused(audited):
    split, model, rows, _ = audited
    with pytest.raises(ArgumentError, match=r"rows were measured with k=10 .* asked with k=5"):
        wb.audit(model, split, k=5, rows=rows)


def test_the_order_of_the_rows_does_not_matter(audited):
    split, model, rows, audit = audited
    shuffled = rows.sample(fraction=1.0, shuffle=True, seed=1)
    assert wb.audit(model, split, rows=shuffled).people.equals(audit.people)


def test_people_without_attributes_are_told_apart_by_what_they_did(log):
    log = wb.Dataset.from_frames(log.interactions, relevant_from=log.relevant_from)
    split = wb.split(log, "random")
    audit = wb.audit(wb.create("popularity").fit(split.train), split)
    assert set(audit.people["attribute"]) <= {"everybody", *BEHAVIOUR}
    assert audit.leakage.height == 0
    assert set(audit.verdicts["verdict"]) <= {"cannot tell", "pass", "fail"}
    with pytest.raises(
        ArgumentError, match="people have no attribute 'gender'; there are: 'items met'"
    ):
        wb.audit(wb.create("popularity").fit(split.train), split, ["gender"])


def test_arguments_that_cannot_work_are_refused_before_work(audited):
    split, model, rows, _ = audited
    with pytest.raises(ArgumentError, match="no attribute 'shoe'; there are: 'age', 'gender'"):
        wb.audit(model, split, ["shoe"])
    with pytest.raises(ArgumentError, match=r"minimum=19.*never shown"):
        wb.audit(model, split, minimum=19)
    with pytest.raises(ArgumentError, match="no figure 'joy'"):
        wb.audit(model, split, rows=rows, metrics=["joy"])
    with pytest.raises(ArgumentError, match="one row per person"):
        wb.audit(model, split, rows=rows.head(5))
    with pytest.raises(ArgumentError, match="split must be a Split"):
        wb.audit(model, split.train)
    with pytest.raises(ArgumentError, match="model must be a fitted model or Slates"):
        wb.audit("ease", split)


def test_raising_the_minimum_hides_more(audited):
    split, model, rows, audit = audited
    more = wb.audit(model, split, ["age"], rows=rows, minimum=100)
    shown = more.people.filter(~pl.col("suppressed"))
    assert shown["n"].min() >= 100
    assert more.people["suppressed"].sum() > audit.people.filter(
        pl.col("attribute") == "age"
    )["suppressed"].sum()  # fmt: skip


def test_fairlearn_called_directly_says_the_same(audited):
    import pandas as pd
    from fairlearn.metrics import MetricFrame

    split, _, rows, audit = audited
    names = rows.join(split.train.users, on="user_id", maintain_order="left")["gender"]
    values = rows["ndcg"].to_numpy()
    frame = MetricFrame(
        metrics=lambda t, p: np.mean(p),
        y_true=values,
        y_pred=values,
        sensitive_features=pd.Series(names.to_list(), name="gender"),
    )
    ours = [gender(audit, g) for g in ("F", "M")]
    assert [r["value"] for r in ours] == pytest.approx(frame.by_group.tolist(), abs=1e-12)
    assert abs(ours[0]["difference"]) == pytest.approx(frame.difference(), abs=1e-12)
    assert min(r["ratio_best"] for r in ours) == pytest.approx(frame.ratio(), abs=1e-12)
