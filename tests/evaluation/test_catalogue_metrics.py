"""Coverage, Gini and the tail: by hand, by brute force, and what is refused."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.errors import ArgumentError, DataError
from workbench.evaluation.catalogue import catalogue_metrics, gini
from workbench.slate import Slates


def lists(by_user):
    rows = [(u, i, r) for u, items in by_user.items() for r, i in enumerate(items, 1)]
    return Slates.from_frame(
        pl.DataFrame(rows, schema=["user_id", "item_id", "rank"], orient="row")
    )


def test_by_hand(by_hand):
    # Of six items, 1 and 2 are the head (the first 20 %, rounded up).
    slates = lists({1: [3, 6, 4], 2: [1, 2], 4: [1, 6, 2]})
    table = catalogue_metrics(slates, by_hand.train)
    figures = dict(table.select("metric", "mean").iter_rows())
    assert figures["coverage"] == pytest.approx(5 / 6)
    # Times shown: 0, 1, 1, 2, 2, 2 of 8.
    assert figures["gini"] == pytest.approx((-3 - 1 + 1 * 2 + 3 * 2 + 5 * 2) / (6 * 8))
    assert figures["tail_share"] == pytest.approx(4 / 8)
    tail = table.row(2, named=True)
    assert tail["low"] < 0.5 < tail["high"]
    assert table["low"].to_list()[:2] == [None, None]
    assert table["n"].to_list() == [3, 3, 3]
    assert "6 items, 3 lists of at most 3" in table["definition"][0]


def test_only_the_first_places_count(by_hand):
    slates = lists({1: [1, 6, 4], 2: [1, 2]})
    table = catalogue_metrics(slates, by_hand.train, k=1)
    assert table["mean"].to_list() == pytest.approx([1 / 6, 5 / 6, 0])
    assert table["low"][2] == 0
    assert table["high"][2] == pytest.approx(1 - 0.025**0.5)


@given(st.lists(st.integers(0, 20), min_size=1, max_size=12).filter(any))
def test_gini_is_half_the_relative_mean_difference(counts):
    x = np.array(counts, dtype=float)
    expected = np.abs(x[:, None] - x).sum() / (2 * len(x) ** 2 * x.mean())
    assert gini(x) == pytest.approx(expected, abs=1e-12)
    assert 0 <= gini(x) + 1e-12 < 1 + 1e-12


def test_what_shows_nothing_or_the_unknown_is_refused(by_hand):
    slates = lists({1: [1, 2]})
    with pytest.raises(ArgumentError, match="slates must be Slates, not DataFrame"):
        catalogue_metrics(slates.frame, by_hand.train)
    with pytest.raises(ArgumentError, match="k must be a whole number"):
        catalogue_metrics(slates, by_hand.train, k=0)
    with pytest.raises(DataError, match="the slates show nothing"):
        catalogue_metrics(Slates(slates.frame.clear(), 3, 5), by_hand.train)
    with pytest.raises(DataError, match="slates name item_id 99, which 'by hand"):
        catalogue_metrics(lists({1: [99]}), by_hand.train)
    assert np.isnan(gini(np.zeros(3)))
