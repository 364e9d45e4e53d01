"""What a ranker learns from: windows further and further back, and shortened histories."""

from itertools import pairwise

import numpy as np
import polars as pl
import pytest

import workbench as wb
from workbench.ranking.lessons import Lessons, gathered, latest, learners, windows


@pytest.fixture(scope="module")
def world():
    return wb.load("synthetic", n_users=60, n_items=50, n_events=700, seed=2)


def everything(people):
    """All unmet items are candidates; their one feature is the length of the history shown."""
    row, item = np.nonzero(people.seen.toarray() == 0)
    return row, item, people.lengths[row][:, None].astype(np.float32)


def made(cut, **how):
    return gathered(cut, everything, max_people=1_000, block=7, seed=0, **how)


def test_windows_go_back_and_their_labels_never_overlap(world):
    cuts = windows(world, 0.2, 3, seed=0)
    keys = [set(cut.test.select("user_id", "item_id", "timestamp").iter_rows()) for cut in cuts]
    assert len(set.union(*keys)) == sum(map(len, keys))
    for near, far in pairwise(cuts):
        last = far.test.group_by("user_id").agg(pl.col("timestamp").max().alias("last"))
        first = near.test.group_by("user_id").agg(pl.col("timestamp").min())
        assert (both := first.join(last, on="user_id")).height > 40
        assert (both["last"] <= both["timestamp"]).all()
    sizes = [cut.test.height / world.n_events for cut in cuts]
    assert max(sizes) - min(sizes) < 0.06  # each is about a fifth of the whole log


def test_one_moment_for_all_cuts_further_and_further_back(world):
    cuts = windows(world, 0.2, 3, seed=0, method="global-time")
    for cut in cuts:
        assert cut.as_of is not None
        assert cut.train.interactions["timestamp"].max() <= cut.as_of < cut.test["timestamp"].min()
        assert set(cut.people()[1].as_of) == {cut.as_of}
    assert all(far.as_of < near.as_of for near, far in pairwise(cuts))
    fifth = world.n_events / 5
    assert all(abs(cut.test.height - fifth) < 3 for cut in cuts)


def test_one_moment_for_all_needs_moments(world):
    timeless = world.replaced(world.interactions.drop("timestamp"))
    with pytest.raises(wb.CapabilityError, match='label_method="global-time" needs timestamps'):
        windows(timeless, 0.2, 1, seed=0, method="global-time")
    assert windows(timeless, 0.2, 1, seed=0)[0].method == "random"
    moments = pl.Series([1.0] * (world.n_events - 100) + [2.0] * 100)
    few = world.replaced(world.interactions.with_columns(timestamp=moments))
    said = r'label_method="global-time" cannot cut .* \(cut 2 of 2\); give fewer n_windows'
    with pytest.raises(wb.DataError, match=said):
        windows(few, 0.2, 2, seed=0, method="global-time")


def test_labels_are_what_was_liked_later_and_nothing_met_is_asked(world):
    (cut,) = windows(world, 0.2, 1, seed=0)
    found = made(cut)
    codes, people, relevant = learners(cut)
    assert set(found.person) == set(codes)
    assert found.relevant.sum() == relevant.sum()
    unmet = (people.seen.toarray() == 0).sum()
    assert len(found) == unmet
    assert (np.diff(found.question) >= 0).all()
    assert found.n_questions == len(codes)


def test_short_histories_are_shown_short_and_still_not_asked_about_what_was_met(world):
    (cut,) = windows(world, 0.2, 1, seed=0)
    codes, people, relevant = learners(cut)
    found = made(cut, short=(0, 3), share=1.0)
    shown = found.matrix[:, 0]
    assert found.n_questions == 3 * len(codes)
    unmet = (people.seen.toarray() == 0).sum()
    for length in (0, 3):
        part = found.of(shown == length)
        assert len(part) == unmet  # what was met in truth is no candidate
        assert part.relevant.sum() == relevant.sum()


def test_the_share_of_shortened_histories_is_kept_and_seeded(world):
    (cut,) = windows(world, 0.2, 1, seed=0)
    n = len(learners(cut)[0])
    some = made(cut, short=(0,), share=0.5)
    assert n + 0.25 * n < some.n_questions < n + 0.75 * n
    again = made(cut, short=(0,), share=0.5)
    np.testing.assert_array_equal(some.person, again.person)
    assert made(cut, short=(0,), share=0.0).n_questions == n


def test_people_with_no_more_than_the_length_are_not_asked_twice(world):
    (cut,) = windows(world, 0.2, 1, seed=0)
    _, people, _ = learners(cut)
    longest = int(people.lengths.max())
    assert made(cut, short=(longest,), share=1.0).n_questions == len(people)


def test_at_most_so_many_people_teach(world):
    (cut,) = windows(world, 0.2, 1, seed=0)
    found = gathered(cut, everything, max_people=11, block=4, seed=0)
    assert len(np.unique(found.person)) == 11


def test_the_last_events_are_the_last(world):
    people = world.profiles()
    short = latest(people, 2)
    assert (short.lengths == np.minimum(people.lengths, 2)).all()
    ends = people.indptr[1:] - 1
    np.testing.assert_array_equal(short.item[short.indptr[1:] - 1], people.item[ends])
    assert latest(people, None) is people


def test_joined_lessons_keep_their_questions_apart():
    one = Lessons(np.zeros((3, 1)), np.ones(3), np.array([0, 0, 1]), np.array([4, 4, 5]))
    none = Lessons(np.zeros((0, 1)), np.ones(0), np.zeros(0, int), np.zeros(0, int))
    both = Lessons.joined([one, none, one])
    assert both.question.tolist() == [0, 0, 1, 2, 2, 3]
    assert (both.n_questions, none.n_questions) == (4, 0)
