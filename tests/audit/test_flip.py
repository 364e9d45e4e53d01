import numpy as np
import polars as pl
import pytest

import workbench as wb
from workbench.audit.flip import flip_frame
from workbench.errors import NotFittedError
from workbench.models.base import Recommender
from workbench.slate import rank_biased_overlap


class Told(Recommender):
    """Ranks the items forwards for one value of an attribute and backwards for all others."""

    name = "told"

    def __init__(self, column="gender", value="F"):
        self.column, self.value = column, value
        self.uses = frozenset({column})

    def fit(self, dataset):
        self.catalogue = dataset.catalogue
        return self

    def score(self, profiles, items=None):
        places = np.arange(len(self.catalogue), dtype=np.float32)
        said = profiles.attributes[self.column].cast(pl.String) == str(self.value)
        way = np.where(said.fill_null(False).to_numpy(), 1.0, -1.0).astype(np.float32)
        scores = way[:, None] * places
        return scores if items is None else scores[:, items]


@pytest.fixture(scope="module")
def few():
    """A split of a small world with an attribute of each difficult kind."""
    dataset = wb.load("synthetic", n_users=150, n_items=90, n_events=3_000, seed=2)
    users = dataset.users.with_columns(
        pl.Series("card", [f"c{i}" for i in range(150)]),
        pl.Series("silent", [None] * 150, dtype=pl.String),
        pl.Series("planet", ["earth"] * 150),
        pl.Series("rare", [None] * 140 + ["a", "b"] * 5),
        pl.Series("income", np.random.default_rng(0).normal(3e4, 1e4, 150)),
    )
    log = wb.Dataset.from_frames(
        dataset.interactions, dataset.items, users, relevant_from=dataset.relevant_from
    )
    return wb.split(log)


def only(model, split, name, **given):
    return flip_frame(model.fit(split.train), split, groups=[name], **given).row(0, named=True)


def test_what_is_not_read_is_zero_by_construction_and_never_scored(audited, monkeypatch):
    split, model, _, audit = audited
    monkeypatch.setattr(type(model), "score", None)  # scoring would fail
    found = flip_frame(model, split)
    assert found["attribute"].to_list() == ["age", "gender", "region"]
    assert set(found["how"]) == {"zero by construction"}
    assert not found["read"].any()
    assert found.select("changed", "low", "high").unique().row(0) == (0.0, 0.0, 0.0)
    assert found["overlap"].unique().to_list() == [1.0]
    assert found["n"].unique().to_list() == [len(split.people()[0])]
    assert audit.flip.equals(found)


def test_every_list_changes_where_the_attribute_decides_alone(few):
    row = only(Told(), few, "gender")
    ids, people = few.people()
    assert (row["read"], row["how"], row["n"]) == (True, "asked again", len(ids))
    assert row["changed"] == 1.0
    assert 0.95 < row["low"] < 1.0 == row["high"]  # everybody of n is not everybody
    one, two = (
        wb.recommend(
            Told().fit(few.train),
            people.with_attributes(people.attributes.with_columns(pl.lit(g).alias("gender"))),
        )
        for g in "FM"
    )
    lists = [(a.items, b.items) for a, b in zip(one, two, strict=True)]
    shared = np.mean([len(set(a) & set(b)) / len(a) for a, b in lists])
    assert row["overlap"] == pytest.approx(shared, abs=1e-12)
    alike = np.mean([rank_biased_overlap(a, b) for a, b in lists])
    assert row["rbo"] == pytest.approx(alike, abs=1e-12)


def test_an_attribute_that_is_read_and_decides_nothing_has_an_interval(few):
    row = only(Told(value="nobody"), few, "gender")
    assert row["read"] is True
    assert (row["changed"], row["low"], row["overlap"], row["rbo"]) == (0.0, 0.0, 1.0, 1.0)
    assert 0 < row["high"] < 0.05


def test_every_other_value_is_asked(few):
    row = only(Told("region", "north"), few, "region")
    _, people = few.people()
    north = (people.attributes["region"] == "north").to_numpy()
    assert row["changed"] == 1.0
    both = only(Told("region", "north"), few, "region", max_people=30)
    assert both["n"] == 30
    # Of those elsewhere one of three values changes the list; of those in the north all do.
    opposite = row["overlap"]
    share = north.mean() + (~north).mean() / 3
    alike = only(Told(), few, "gender")["overlap"]
    assert 1 - opposite == pytest.approx(share * (1 - alike), abs=0.02)


def test_numbers_are_changed_to_the_middle_of_every_other_band(few):
    seen = set()

    class Heard(Told):
        def score(self, profiles, items=None):
            seen.update(profiles.attributes["income"].to_list())
            return super().score(profiles, items)

    _, people = few.people()
    given = wb.recommend(Told("gender").fit(few.train), people)
    row = flip_frame(
        Heard("income").fit(few.train), few, groups={"income": [20_000, 40_000]}, slates=given
    ).row(0, named=True)
    assert row["how"] == "asked again"
    assert len(seen) == 3  # one of each band, and nobody's own
    assert sorted(v < 20_000 for v in seen) == [False, False, True]
    quarters = only(Told("income"), few, "income")
    assert quarters["how"] == "asked again"


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("card", "an id, not a group"),
        ("silent", "nothing is known: every value is missing"),
        ("planet", "one group only"),
        ("rare", "too few people of whom it is known"),
    ],
)
def test_what_cannot_be_changed_says_why(few, name, why):
    found = flip_frame(Told(name).fit(few.train), few)
    row = found.filter(attribute=name).row(0, named=True)
    assert row["read"] is True
    assert why in row["how"]
    assert row["changed"] is row["low"] is row["high"] is row["overlap"] is row["rbo"] is None
    others = found.filter(pl.col("attribute") != name)
    assert set(others["how"]) == {"zero by construction"}


def test_the_same_twice_and_each_attribute_by_itself(few):
    model = Told("region", "south").fit(few.train)
    found = flip_frame(model, few, max_people=50)
    assert found.equals(flip_frame(model, few, max_people=50))
    alone = flip_frame(model, few, groups=["region"], max_people=50)
    assert alone.equals(found.filter(attribute="region"))
    crossed = flip_frame(model, few, groups=[("gender", "region")], max_people=50)
    assert crossed["attribute"].to_list() == ["gender", "region"]


def test_an_engine_that_may_read_an_attribute_is_asked_what_it_does_with_it(few):
    parts = {"popularity": ("popularity", {}), "ease": ("ease", {})}
    small = {"retrievers": parts, "n_trees": 15, "min_child_weight": 1.0, "reg_lambda": 0.1}
    names = ["gender", "age", "region"]
    read = [f"{name}_affinity" for name in names]
    blind = wb.Engine(**small).fit(few.train)
    told = wb.Engine(**small, features=read, allow=names).fit(few.train)
    assert set(flip_frame(blind, few, groups=names)["how"]) == {"zero by construction"}
    found = flip_frame(told, few, groups=names)
    assert set(found["how"]) == {"asked again"}
    assert found["changed"].max() > 0.2
    assert found["overlap"].min() < 1.0


def test_what_cannot_be_asked_is_refused(audited):
    split, model, _, _ = audited
    slates = wb.recommend(model, split.people()[1])
    with pytest.raises(wb.ArgumentError, match="model must be a fitted model, not Slates"):
        flip_frame(slates, split)
    assert wb.audit(slates, split).flip.height == 0
    with pytest.raises(wb.ArgumentError, match="split must be a Split"):
        flip_frame(model, split.train)
    with pytest.raises(wb.ArgumentError, match="no attribute 'shoe'"):
        flip_frame(model, split, groups=["shoe"])
    with pytest.raises(wb.ArgumentError, match=r"minimum=5"):
        flip_frame(model, split, minimum=5)
    with pytest.raises(wb.ArgumentError, match="max_people must be"):
        flip_frame(model, split, max_people=0)
    with pytest.raises(NotFittedError, match="has not been fitted"):
        flip_frame(wb.create("ease"), split)
