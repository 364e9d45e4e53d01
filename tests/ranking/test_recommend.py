"""Top k, minus what was seen."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import workbench as wb
from workbench.columns import ITEM, RANK, ROW, SCORE, SOURCE
from workbench.errors import NotFittedError
from workbench.models.base import Recommender
from workbench.ranking.recommend import recommend, slate, top

SCORES = hnp.arrays(
    np.float32,
    hnp.array_shapes(min_dims=2, max_dims=2, min_side=0, max_side=9),
    # Few distinct numbers, so that ties are common.
    elements=st.sampled_from([np.nan, -np.inf, np.inf, -2.0, 0.0, -0.0, 1.0, 1.5, 3e38, -3e38]),
)


def brute_force(scores, k):
    """One row at a time: sort all finite places by score, then by column."""
    chosen = []
    for row, line in enumerate(scores):
        places = [c for c, s in enumerate(line) if np.isfinite(s)]
        places.sort(key=lambda c: (-float(line[c]), c))
        chosen += [(row, c) for c in places[:k]]
    return chosen


@given(SCORES, st.integers(1, 15))
@settings(max_examples=300, deadline=None)
def test_top_is_what_sorting_everything_gives(scores, k):
    before = scores.copy()
    row, column = top(scores, k)
    assert list(zip(row.tolist(), column.tolist(), strict=True)) == brute_force(scores, k)
    assert row.dtype == column.dtype == np.int64
    np.testing.assert_array_equal(scores, before)


@given(SCORES, st.integers(1, 15))
@settings(max_examples=200, deadline=None)
def test_top_is_sorted_unique_and_never_unscorable(scores, k):
    row, column = top(scores, k)
    assert np.isfinite(scores[row, column]).all()
    assert len(set(zip(row, column, strict=True))) == len(row)
    for r in range(len(scores)):
        mine = scores[r, column[row == r]].astype(np.float64)
        assert (np.diff(mine) <= 0).all()
        assert len(mine) == min(k, np.isfinite(scores[r]).sum())


@given(SCORES, st.integers(1, 8), st.randoms())
@settings(max_examples=100, deadline=None)
def test_a_row_s_top_does_not_depend_on_other_rows(scores, k, random):
    order = list(range(len(scores)))
    random.shuffle(order)
    row, column = top(scores, k)
    shuffled_row, shuffled_column = top(scores[order], k)
    for place, r in enumerate(order):
        assert column[row == r].tolist() == shuffled_column[shuffled_row == place].tolist()


@given(SCORES, st.integers(1, 8))
@settings(max_examples=100, deadline=None)
def test_a_shorter_top_is_the_start_of_a_longer_one(scores, k):
    row, column = top(scores, k)
    longer_row, longer_column = top(scores, k + 3)
    for r in range(len(scores)):
        mine = column[row == r].tolist()
        assert longer_column[longer_row == r].tolist()[: len(mine)] == mine


def test_ties_at_the_edge_go_to_the_first_columns():
    scores = np.array([[1, 2, 1, 1, 2, 0]], np.float32)
    assert top(scores, 3)[1].tolist() == [1, 4, 0]


@pytest.mark.parametrize("shape", [(0, 0), (0, 4), (4, 0)])
def test_top_of_nothing_is_nothing(shape):
    row, column = top(np.zeros(shape, np.float32), 3)
    assert len(row) == len(column) == 0


# --- recommend ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def fitted(world):
    return wb.create("ease", reg=5.0).fit(world.dataset())


@pytest.fixture(scope="module")
def people(world):
    return world.dataset().profiles()


def test_slates_are_the_top_of_the_unseen(fitted, people):
    slates = recommend(fitted, people, k=5)
    scores = fitted.score(people).copy()
    scores[people.seen.nonzero()] = np.nan
    row, column = top(scores, 5)
    assert slates.frame[ROW].to_list() == row.tolist()
    assert slates.frame[ITEM].to_list() == fitted.catalogue.take(column)
    assert slates.frame[SCORE].to_list() == scores[row, column].tolist()
    assert set(slates.frame[SOURCE]) == {"ease"}
    assert slates.frame.group_by(ROW).agg(pl.col(RANK)).sort(ROW)[RANK].to_list() == [
        [1, 2, 3, 4, 5]
    ] * len(people)
    assert (len(slates), slates.k) == (len(people), 5)


@pytest.mark.parametrize("k", [1, 3, 10, 30, 31, 10**6])
def test_nothing_seen_is_shown_and_nothing_twice(fitted, people, k):
    slates = recommend(fitted, people, k=k)
    for row, shown in enumerate(slates):
        met = set(people[row].items)
        assert not met & set(shown.items)
        assert len(set(shown.items)) == len(shown) == min(k, 30 - len(met))


def test_seen_items_are_shown_when_asked_for(fitted, people):
    slates = recommend(fitted, people, k=30, seen=True)
    assert all(len(shown) == 30 for shown in slates)
    assert set(people[0].items) & set(slates[0].items[:10])


@pytest.mark.parametrize("k", [0, -1, True, False, 2.0, "10", None, np.float32(3)])
def test_a_k_that_cannot_work_is_refused(fitted, people, k):
    with pytest.raises(wb.ArgumentError, match="k must be a whole number of at least 1, not"):
        recommend(fitted, people, k=k)
    with pytest.raises(wb.ArgumentError, match="k must be a whole number of at least 1, not"):
        slate(fitted, people[0], k=k)


def test_a_k_of_numpy_is_a_k(fitted, people):
    assert len(recommend(fitted, people, k=np.int64(4))[0]) == 4


def test_a_slate_is_the_same_alone_in_a_batch_and_in_blocks(fitted, people, monkeypatch):
    whole = recommend(fitted, people, k=10)
    rows = [35, 0, 17, 17, 3]
    some = recommend(fitted, people[rows], k=10)
    for place, row in enumerate(rows):
        alone = slate(fitted, people[row], k=10)
        for other in (whole[row], some[place], recommend(fitted, people[row : row + 1], k=10)[0]):
            assert other.frame.select(alone.frame.columns).equals(alone.frame)
    monkeypatch.setattr("workbench.ranking.recommend.BLOCK", 7)
    assert recommend(fitted, people, k=10).frame.equals(whole.frame)


def test_nobody_and_no_people_have_slates_too(fitted, people):
    assert len(slate(fitted, wb.Profile(), k=10)) == 10
    slates = recommend(fitted, people[:0], k=10)
    assert len(slates) == 0
    assert slates.frame.schema == recommend(fitted, people, k=1).frame.schema


def test_a_person_with_everything_seen_has_an_empty_slate(fitted):
    full = wb.Profile.of(items=fitted.catalogue.ids.to_list())
    shown = slate(fitted, full, k=10)
    assert len(shown) == 0
    slates = recommend(fitted, wb.Profiles.of([full, wb.Profile()], fitted.catalogue), k=3)
    assert [len(s) for s in slates] == [0, 3]


def test_what_cannot_be_scored_is_not_shown(world):
    class Shy(Recommender):
        """Scores two items only. Source: this test."""

        name = "shy"
        personalised = False

        def fit(self, dataset):
            self.n_ = dataset.n_items
            return self

        def score(self, profiles, items=None):
            scores = np.full((len(profiles), self.n_), np.nan, np.float32)
            scores[:, [4, 2]] = 1.0
            return scores if items is None else scores[:, items]

    model = Shy().fit(world.dataset())
    assert slate(model, wb.Profile(), k=10).items == model.catalogue.take([2, 4])


def test_recommending_leaves_the_scores_of_the_model_alone(people):
    class Kept(Recommender):
        """Hands out its own array. Source: this test."""

        name = "kept"

        def fit(self, dataset):
            self.scores_ = np.ones((36, dataset.n_items), np.float32)
            return self

        def score(self, profiles, items=None):
            return self.scores_

    model = Kept()
    model.fit(_dataset_of(people))
    recommend(model, people, k=3)
    assert (model.scores_ == 1).all()


def _dataset_of(people):
    log = pl.DataFrame({"user_id": people.row, "item_id": people.catalogue.ids.gather(people.item)})
    return wb.Dataset(log, pl.DataFrame({"item_id": people.catalogue.ids}))


def test_people_of_another_catalogue_are_looked_up(fitted, people):
    ids = fitted.catalogue.ids.to_list()
    wider = wb.Profiles.of(list(people[:4]), type(fitted.catalogue)([*ids, 10**7, 3]))
    one, two = recommend(fitted, wider, k=6), recommend(fitted, people[:4], k=6)
    assert one.frame.equals(two.frame)


def test_what_is_no_person_is_refused(fitted, people):
    with pytest.raises(wb.ArgumentError, match=r"use wb\.slate\(model, profile\)"):
        recommend(fitted, people[0])
    with pytest.raises(wb.ArgumentError, match=r"take people\[i\]"):
        slate(fitted, people)
    with pytest.raises(wb.ArgumentError, match="must be Profiles, not list"):
        recommend(fitted, ["u1"])


def test_an_unfitted_model_is_refused(people):
    for ask in (lambda m: recommend(m, people), lambda m: slate(m, people[0])):
        with pytest.raises(
            NotFittedError, match=r"EASE has not been fitted; call \.fit\(dataset\)"
        ):
            ask(wb.create("ease"))
