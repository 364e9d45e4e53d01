"""The search for the smallest set: on goals whose answer is known."""

from itertools import combinations

import numpy as np
import pytest

from workbench.explain.search import EXHAUSTIVE, GREEDY, STEPS, Search


class Goals:
    """Reached by any superset of one of some sets; the nearer, the more of one is there."""

    def __init__(self, *answers, noise=0.0, n=12):
        self.answers = [frozenset(a) for a in answers]
        self.pull = np.random.default_rng(0).random(n) * noise
        self.asked = []

    def __call__(self, sets):
        self.asked += sets
        return [self.one(frozenset(s)) for s in sets]

    def one(self, chosen):
        near = max(len(chosen & a) / len(a) for a in self.answers)
        return any(a <= chosen for a in self.answers), near + sum(self.pull[e] for e in chosen)


def search(goal, n=12, bound=10_000, subject=None):
    return Search(goal, np.arange(n) if subject is None else np.array(subject), bound)


@pytest.mark.parametrize("answer", [(3,), (2, 9), (1, 4, 7), (0, 3, 5, 8)])
def test_the_answer_is_found(answer):
    found = search(Goals(answer)).run()
    assert found.edits == answer
    assert found.reached
    assert found.method == EXHAUSTIVE


def test_no_set_is_scored_twice_and_every_one_is_counted():
    goal = Goals((2, 5, 9), noise=0.5)
    found = search(goal).run()
    assert len(goal.asked) == len(set(goal.asked)) == found.n_scored
    for size, (scored, possible) in found.tried.items():
        assert scored == sum(len(s) == size for s in goal.asked)
        assert possible == len(list(combinations(range(12), size)))


def misleading():
    """Edit 0 comes nearest alone and leads to a set of three; 6 and 7 together are enough."""

    def goal(sets):
        for s in map(set, sets):
            reached = s >= {0, 1, 2} or s >= {6, 7}
            yield reached, len(s & {0, 1, 2}) + 0.1 * len(s & {6, 7})

    return goal


def test_a_smaller_set_than_the_greedy_one_is_found_where_the_bound_allows():
    assert search(misleading()).greedy() == (0, 1, 2)
    found = search(misleading()).run()
    assert found.edits == (6, 7)
    assert found.method == EXHAUSTIVE


def test_where_it_does_not_the_answer_says_greedy():
    found = search(misleading(), bound=30).run()
    assert found.edits == (0, 1, 2)
    assert found.method == GREEDY
    scored, possible = found.tried[2]
    assert scored < possible


def test_what_is_greedy_is_pruned_until_every_edit_is_needed():
    answer = tuple(range(STEPS + 4))  # longer than the steps: the beginnings of the order
    goal = Goals(answer, noise=0.5, n=30)
    found = search(goal, n=30, bound=800).run()
    assert found.method == GREEDY
    assert found.edits == answer


def test_edits_of_one_subject_are_never_made_together():
    subject = [0, 0, 0, 1, 1, 2, 2, 2]
    goal = Goals((0, 4, 7), noise=0.3, n=8)
    found = search(goal, n=8, subject=subject).run()
    assert found.edits == (0, 4, 7)
    for edits in goal.asked:
        assert len({subject[e] for e in edits}) == len(edits)
    possible = [
        sum(len({subject[e] for e in s}) == size for s in combinations(range(8), size))
        for size in (1, 2, 3)
    ]
    assert [found.tried[size][1] for size in (1, 2, 3)] == possible
    # Two of the answer are of one subject: there is none.
    assert not search(Goals((0, 1), n=8), n=8, subject=subject).run().reached


def test_nothing_found_is_exhaustive_only_where_everything_was_tried():
    found = search(Goals((0, 99)), n=4).run()
    assert not found.reached
    assert found.method == EXHAUSTIVE
    assert sum(scored for scored, _ in found.tried.values()) == 2**4 - 1
    assert found.edits == (0,)  # the nearest miss, and the shortest
    found = search(Goals((0, 99)), bound=50).run()
    assert not found.reached
    assert found.method == GREEDY


@pytest.mark.parametrize("bound", [1, 7, 40, 300])
def test_the_bound_holds_for_sets_of_two_and_more(bound):
    goal = Goals((0, 99), noise=1.0)
    found = search(goal, bound=bound).run()
    assert found.tried[1] == (12, 12)
    assert found.n_scored - 12 <= bound


def test_a_size_that_cannot_be_finished_may_be_begun():
    goal = Goals((6, 7), n=40)
    assert search(goal, n=40, bound=200).smallest(3) == (None, False)
    assert search(goal, n=40, bound=200).smallest(3, begin=True) == ((6, 7), True)
    assert search(Goals((0, 99), n=40), n=40, bound=200).smallest(3, begin=True) == (None, False)


def test_without_anything_to_change_nothing_is_found():
    found = search(Goals((0,)), n=0).run()
    assert not found.reached
    assert found.edits == ()
    assert found.n_scored == 0
