"""Slates and figures per person to and from LensKit, RecTools and pandas."""

import pandas as pd
import polars as pl
import pytest

import workbench as wb
from workbench.errors import ArgumentError, DataError
from workbench.slate import Slates

LISTS = pd.DataFrame(
    {"user_id": [7, 7, 9], "item_id": ["a", "b", "a"], "score": [0.5, 0.25, 0.1], "rank": [1, 2, 1]}
)


class Collection:
    """What LensKit's ItemListCollection offers."""

    def to_df(self):
        return LISTS.assign(rank=LISTS["rank"].astype("int32"))


@pytest.mark.parametrize("given", [LISTS, Collection()], ids=["frame", "collection"])
def test_slates_come_and_go(given):
    slates = Slates.from_frame(given)
    assert [slate.items for slate in slates] == [["a", "b"], ["a"]]
    pd.testing.assert_frame_equal(slates.to_pandas(), LISTS, check_dtype=False)


def test_slates_of_a_model_are_given_their_people(by_hand):
    model = wb.create("popularity").fit(by_hand.train)
    ids, people = by_hand.people()
    slates = wb.recommend(model, people, k=3)
    frame = slates.to_pandas(ids)
    assert list(frame.columns) == ["user_id", "item_id", "score", "rank"]
    back = Slates.from_frame(frame)
    for row, user in enumerate(back.user_ids):
        assert back[row].items == slates[ids.index(user)].items
    if slates.user_ids is None:
        with pytest.raises(ArgumentError, match="user_ids are not in these lists"):
            slates.to_pandas()
    with pytest.raises(ArgumentError, match="give one for each"):
        slates.to_pandas(ids[1:])
    with pytest.raises(ArgumentError, match="none twice"):
        slates.to_pandas([ids[0]] * len(ids))


def test_figures_of_lenskit_are_compared_with_ours(by_hand):
    model = wb.create("popularity").fit(by_hand.train)
    ours = wb.evaluate(model, by_hand, k=3)
    there = wb.rows_to_pandas(ours, "lenskit")
    assert {"NDCG", "RecipRank", "Hit"} <= set(there.columns)
    assert there.index.name == "user_id"
    back = wb.rows_from(there, "LensKit 2025.8", k=3)
    assert back["ndcg"].equals(ours["ndcg"].cast(pl.Float64))
    figures = wb.summarise(back)
    assert "measured by LensKit 2025.8, whose definition may differ" in figures["definition"][0]
    mean = figures.filter(pl.col("metric") == "ndcg")["mean"][0]
    assert mean == pytest.approx(ours["ndcg"].mean())
    difference = wb.compare({"ours": back, "theirs": back}, against="ours")["difference"][0]
    assert difference == 0


def test_an_index_of_models_becomes_a_column():
    index = pd.MultiIndex.from_tuples(
        [("als", 1), ("als", 2), ("knn", 1)], names=["model", "user_id"]
    )
    table = pd.DataFrame({"NDCG": [0.1, None, 0.3], "ListLength": [3, 3, 3]}, index=index)
    rows = wb.rows_from(table, "LensKit")
    assert rows.columns == ["user_id", "model", "ListLength", "ndcg", "protocol"]
    assert rows["ndcg"].to_list() == [0.1, None, 0.3]
    assert wb.summarise(rows, by="model").height == 2


def test_series_per_metric_as_of_rectools():
    people = pd.Index([1, 2], name="user_id")
    rows = wb.rows_from(
        {"NDCG@10": pd.Series([0.2, 0.4], people), "hit": pd.Series([1, 0], people)},
        "RecTools 0.17",
        k=10,
        names={"ndcg": "NDCG@10", "hit_rate": "hit"},
    )
    assert rows.select("ndcg", "hit_rate").rows() == [(0.2, 1.0), (0.4, 0.0)]
    one = wb.rows_from(pd.Series([0.2], people[:1], name="NDCG@10"), "RecTools 0.17")
    assert one["ndcg"].to_list() == [0.2]


@pytest.mark.parametrize(
    ("table", "names", "error", "match"),
    [
        (pl.DataFrame({"ndcg": [1.0]}), None, DataError, "has no user_id"),
        (pl.DataFrame({"user_id": [1]}), None, DataError, "no metric of ours"),
        (pl.DataFrame({"user_id": [1], "x": [1.0]}), {"rmse": "x"}, ArgumentError, "'rmse', which"),
        (pl.DataFrame({"user_id": [1], "x": [1.0]}), {"ndcg": "y"}, ArgumentError, "has no 'y'"),
        (pl.DataFrame({"user_id": [1], "ndcg": ["a"]}), None, DataError, "holds String"),
        ([1, 2], None, ArgumentError, "not list"),
    ],
)
def test_what_are_no_figures(table, names, error, match):
    with pytest.raises(error, match=match):
        wb.rows_from(table, "somebody", names=names)


def test_a_library_that_is_not_known(by_hand):
    rows = wb.evaluate(wb.create("popularity").fit(by_hand.train), by_hand, k=3)
    with pytest.raises(ArgumentError, match="not 'spark'"):
        wb.rows_to_pandas(rows, "spark")
