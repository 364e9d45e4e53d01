import numpy as np
import polars as pl
import pytest

import workbench as wb
from workbench.audit.exposure import MOST_KINDS, OTHERS, item_kinds, items_frame
from workbench.features.bands import popularity_bands


@pytest.fixture
def split():
    """Item 1 is liked by all, item 2 by half, 3 and 4 by few; 5 by nobody."""
    train, test = [], []
    for user in range(60):
        train.append((f"u{user}", "1"))
        if user % 2:
            train.append((f"u{user}", "2"))
        if user % 10 == 0:
            train.append((f"u{user}", "3"))
        test.append((f"u{user}", "4" if user < 40 else "5"))
    items = pl.DataFrame(
        {
            "item_id": ["1", "2", "3", "4", "5"],
            "genres": [["Drama"], ["Comedy"], ["Drama", "Comedy"], ["Drama", "Comedy"], None],
        }
    )
    columns = ["user_id", "item_id"]
    return wb.Split.from_frames(
        pl.DataFrame(train, schema=columns, orient="row"),
        pl.DataFrame(test, schema=columns, orient="row"),
        items=items,
    )


def slates(split, shown):
    ids, _ = split.people()
    return wb.Slates.from_frame(
        pl.DataFrame(
            [(user, item, rank) for user in ids for rank, item in enumerate(shown, 1)],
            schema=["user_id", "item_id", "rank"],
            orient="row",
        )
    )


def test_exposure_by_hand(split):
    found = items_frame(slates(split, ["4", "5"]), np.arange(60), split, 0)
    genre = {r["group"]: r for r in found.filter(column="genres").iter_rows(named=True)}
    first, second = 1.0, 1 / np.log2(3)
    share = first / (first + second)
    assert genre["Drama"]["exposure"] == pytest.approx(share / 2)
    assert genre["Comedy"]["exposure"] == pytest.approx(share / 2)
    assert genre["unknown"]["exposure"] == pytest.approx(1 - share)
    assert genre["Drama"]["share_relevant"] == pytest.approx(40 / 60 / 2)
    assert genre["Drama"]["ratio"] == pytest.approx((share / 2) / (40 / 60 / 2))
    assert genre["Drama"]["share_catalogue"] == pytest.approx((1 + 0.5 + 0.5) / 5)
    assert genre["Drama"]["n_items"] == 3
    assert genre["Drama"]["n"] == 60
    assert genre["Drama"]["low"] < genre["Drama"]["ratio"] < genre["Drama"]["high"]
    for column in ("popularity", "genres"):
        shares = found.filter(column=column)
        for name in ("exposure", "share_catalogue", "share_relevant"):
            assert shares[name].sum() == pytest.approx(1)


def test_head_is_the_fewest_items_with_a_third_of_the_events(split):
    # 60 + 30 + 6 liked events: item 1 alone reaches a third, and two thirds less four.
    assert popularity_bands(split.train) == ["head", "mid", "tail", "tail", "tail"]


def test_never_shown_to_few_people_is_not_surely_never(split):
    found = items_frame(slates(split, ["1"]), np.arange(60), split, 0)
    tail = found.filter(pl.col("group") == "tail").row(0, named=True)
    assert tail["exposure"] == 0
    assert tail["ratio"] == 0
    assert tail["low"] < 0.01
    assert 0.01 < tail["high"] < 0.2
    assert found.filter(pl.col("group") == "head")["ratio"].item() is None  # nobody's test likes it


def test_people_without_a_slate_are_not_counted(split):
    rows = np.where(np.arange(60) < 25, np.arange(60), -1)
    found = items_frame(slates(split, ["4", "5"]), rows, split, 0)
    assert found["n"].unique().to_list() == [25]


def test_a_shorter_slate_counts_as_much_as_a_longer_one(split):
    ids, _ = split.people()
    rows = [(user, "4", 1) for user in ids] + [(ids[0], "5", 2), (ids[0], "3", 3)]
    frame = pl.DataFrame(rows, schema=["user_id", "item_id", "rank"], orient="row")
    found = items_frame(wb.Slates.from_frame(frame), np.arange(60), split, 0)
    unknown = found.filter(pl.col("group") == "unknown").row(0, named=True)
    weights = 1 / np.log2([2, 3, 4])
    assert unknown["exposure"] == pytest.approx(weights[1] / weights.sum() / 60)


def test_makers_are_kinds_and_an_id_is_none():
    n = 90
    ids = [str(i) for i in range(n)]
    items = pl.DataFrame(
        {
            "item_id": ids,
            "title": [f"the same {i % 2}" for i in range(n)],
            "maker": [f"m{i % 3}" if i % 5 else None for i in range(n)],
            "label": [f"l{i % 45:02}" for i in range(n)],
            "sku": [f"s{i}" for i in range(n)],
            "only": ["one"] * n,
        }
    )
    log = pl.DataFrame({"user_id": [f"u{i % 30}" for i in range(n)], "item_id": ids})
    kinds = item_kinds(wb.Split.from_frames(log[:60], log[60:], items=items))
    assert list(kinds) == ["popularity", "maker", "label"]
    names, share = kinds["maker"]
    assert names == ["m0", "m1", "m2", "unknown"]
    assert share.toarray().sum(axis=1).tolist() == [1.0] * n
    names, share = kinds["label"]
    assert len(names) == MOST_KINDS
    assert share.toarray()[:, names.index(OTHERS)].sum() == 2 * (45 - (MOST_KINDS - 1))
