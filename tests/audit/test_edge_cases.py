"""Attributes that are hard to audit: each is handled, or refused in one clear sentence."""

import numpy as np
import polars as pl
import pytest

import workbench as wb
from workbench.audit.behaviour import BEHAVIOUR

N = 240


@pytest.fixture(scope="module")
def hard():
    """A split, a model and rows; its people have every difficult attribute at once."""
    dataset = wb.load("synthetic", n_users=N, n_items=80, n_events=3_600, seed=4)
    rng = np.random.default_rng(0)
    users = dataset.users.select("user_id", "gender").with_columns(
        pl.Series("alone", ["x"] + ["y"] * (N - 1)),
        pl.Series("silent", [None] * N, dtype=pl.String),
        pl.Series("blank", ["  "] * N),
        pl.Series("planet", ["earth"] * N),
        pl.Series("income", rng.normal(3e4, 8e3, N)),
        pl.Series("card", [f"c{i:03d}" for i in range(N)]),
        pl.Series("number", rng.permutation(10_000)[:N]),
    )
    log = wb.Dataset.from_frames(
        dataset.interactions, dataset.items, users, relevant_from=dataset.relevant_from
    )
    split = wb.split(log)
    model = wb.create("popularity").fit(split.train)
    return split, model, wb.evaluate(model, split)


@pytest.fixture(scope="module")
def audit(hard):
    split, model, rows = hard
    return wb.audit(model, split, rows=rows)


def test_one_audit_survives_all_of_them(audit):
    assert audit.groups["attribute"].to_list() == ["gender", "alone", "income", *BEHAVIOUR]
    reasons = dict(audit.skipped.iter_rows())
    assert reasons["silent"] == reasons["blank"] == "nothing is known: every value is missing"
    assert reasons["planet"] == "one group only: there is nobody to compare with"
    for name in ("card", "number"):
        assert reasons[name].endswith("an id, not a group")
    assert all(reason and "\n" not in reason for reason in reasons.values())
    assert set(audit.flip["how"]) == {"zero by construction"}


def test_a_group_of_one_person_is_never_shown_nor_computable(audit):
    alone = audit.people.filter(attribute="alone", metric="ndcg")
    one = alone.filter(group="x").row(0, named=True)
    assert (one["n"], one["suppressed"], one["note"]) == (1, True, "too few (n < 20)")
    assert alone["suppressed"].all()  # else everybody's less the others' would be theirs
    assert alone.select("value", "low", "high", "p").null_count().row(0) == (2, 2, 2, 2)
    assert "alone" not in audit.leakage["attribute"]
    reasons = dict(audit.skipped.iter_rows())
    assert reasons["alone"] == (
        "leakage needs at least 40 people of each answer: half to learn from, half to guess about"
    )


def test_a_continuous_attribute_without_bands_is_cut_at_its_quartiles(hard, audit):
    income = audit.people.filter(attribute="income", metric="ndcg")
    assert income.height == 4
    assert not income["suppressed"].any()
    how = dict(audit.groups.iter_rows())["income"]
    assert how.startswith("cut at its quartiles: under ")
    split, model, rows = hard
    banded = wb.audit(model, split, {"income": [30_000]}, rows=rows)
    assert banded.groups["how"].item() == "bands as asked: under 30000, 30000 and over"


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("card", r"'card' cannot be a group \(191 .* for 191 people: an id, .*\); leave it out$"),
        ("number", r"'number' cannot be a group \(.*\); leave it out, or give bands: "),
    ],
)
def test_what_cannot_be_a_group_is_refused_in_a_sentence(hard, name, sentence):
    split, model, _ = hard
    with pytest.raises(wb.ArgumentError, match=sentence):
        wb.audit(model, split, [name])


@pytest.mark.parametrize(("name", "group"), [("silent", "unknown"), ("planet", "earth")])
def test_asked_by_name_one_group_is_shown_and_compared_with_nobody(hard, name, group):
    split, model, rows = hard
    audit = wb.audit(model, split, [name], rows=rows)
    row = audit.people.filter(attribute=name, metric="ndcg").row(0, named=True)
    assert row["group"] == group
    assert row["value"] == pytest.approx(rows["ndcg"].mean())
    assert (row["difference"], row["p"]) == (None, None)
    assert row["note"] == "one group only: there is nobody to compare with"
    assert audit.leakage.height == 0
    assert name in audit.skipped["attribute"]


def test_five_hundred_groups_are_named_when_not_asked_and_shown_when_asked():
    from workbench.audit.groups import groupings
    from workbench.audit.people import people_frame

    rng = np.random.default_rng(1)
    town = pl.DataFrame({"town": [f"t{i % 500}" for i in range(11_000)]})
    made, skipped = groupings(town)
    assert made == []
    assert skipped["town"] == "500 groups, more than 50; ask for it by name to see them"
    made, _ = groupings(town, ["town"])
    found = people_frame(pl.DataFrame({"ndcg": rng.random(11_000)}), made, ("ndcg",), 20, 0)
    assert found.height == 501
    assert not found["suppressed"].any()
    assert found["low"].null_count() == 0
    assert (found["p_adjusted"].drop_nulls() < 0.05).sum() == 0  # nothing is there


def test_nobody_at_all_and_people_without_attributes(hard):
    split, model, rows = hard
    log = wb.Dataset.from_frames(split.train.interactions, relevant_from=split.train.relevant_from)
    bare = wb.split(log)
    audit = wb.audit(wb.create("popularity").fit(bare.train), bare)
    assert audit.flip.height == audit.leakage.height == audit.proxies.height == 0
    assert set(audit.groups["attribute"]) <= set(BEHAVIOUR)
    with pytest.raises(wb.ArgumentError, match="one row per person"):
        wb.audit(model, split, rows=rows.head(0))
