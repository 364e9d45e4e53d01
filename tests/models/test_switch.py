"""Hybrids that choose: which part speaks for whom, and where the borders come from."""

import numpy as np
import pytest

from workbench.data.synthetic import synthetic
from workbench.errors import ArgumentError, CapabilityError
from workbench.models.content import Content
from workbench.models.linear import EASE
from workbench.models.neighbours import ItemKNN
from workbench.models.popularity import Popularity
from workbench.models.switch import LENGTHS, Cascade, Switch, borders


@pytest.fixture(scope="module")
def log():
    return synthetic(n_users=80, n_items=100, n_events=2000, seed=1)


def test_each_profile_is_scored_by_the_part_of_its_length(log):
    switch = Switch(["popularity", "content", "ease"], at=[2, 5]).fit(log)
    people = log.profiles()
    alone = [cls().fit(log) for cls in (Popularity, Content, EASE)]
    for n, part in ((0, 0), (1, 0), (2, 1), (4, 1), (5, 2), (9, 2)):
        short = people.only(people.from_end < n)
        assert np.array_equal(switch.score(short), alone[part].score(short)), n
    items = np.array([3, 1])
    mixed = people.only(people.from_end < (people.row % 7))
    assert np.array_equal(switch.score(mixed, items), switch.score(mixed)[:, items])
    for row in range(14):
        assert np.array_equal(switch.score(mixed[[row]])[0], switch.score(mixed)[row])


def test_an_event_without_weight_is_none(log):
    switch = Switch(["popularity", "ease"], at=[1]).fit(log)
    people = log.profiles()[:3]
    weightless = people._but(weight=np.zeros(len(people.item)))
    assert np.array_equal(switch.score(weightless), Popularity().fit(log).score(weightless))


def test_borders_go_where_the_next_part_gains():
    gained = np.zeros((len(LENGTHS), 3))
    gained[:, 0] = [5, 4, 1, 1, 1, 1, 1, 1]
    gained[:, 1] = [1, 1, 4, 4, 1, 1, 1, 1]
    gained[:, 2] = [0, 0, 1, 1, 3, 3, 3, 3]
    assert borders(gained) == [2, 5]
    assert borders(gained[:, [0, 2]]) == [2]
    assert borders(gained[:, [0, 0]]) == [0], "of equals the part that reads more"
    assert borders(np.stack([gained[:, 0] + 9, gained[:, 1]], axis=1)) == [LENGTHS[-1] + 1]


class Backwards(Popularity):
    """What nobody likes first. Source: none."""

    def score(self, profiles, items=None):
        return -super().score(profiles, items)


def test_a_part_that_knows_nothing_is_never_let_speak(log):
    assert Switch([Backwards(), ItemKNN()]).fit(log).at_ == [0]
    assert Switch([ItemKNN(), Backwards()]).fit(log).at_ == [LENGTHS[-1] + 1]


def test_a_log_too_small_to_cut_switches_after_one_event(log):
    single = log.replaced(log.interactions.unique("user_id", keep="first", maintain_order=True))
    assert Switch(["popularity", "content", "ease"]).fit(single).at_ == [1, 2]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([],), "parts must be at least 2 models"),
        ((["ease"],), "parts must be at least 2 models"),
        ((["ease", "eaze"],), "parts: 'eaze' is no part"),
        ((["popularity", "ease"], "guessed"), "at must be whole numbers or 'learned'"),
        ((["popularity", "ease"], [1, 2]), "at: 2 borders for 2 parts"),
        ((["popularity", "ease"], [-1]), "ascending whole numbers of 0 or more"),
        ((["popularity", "content", "ease"], [3, 1]), "ascending whole numbers"),
        ((["popularity", "ease"], [1.5]), "ascending whole numbers"),
        ((None, [1]), "at needs parts"),
    ],
)
def test_a_switch_that_cannot_work_is_refused(arguments, message):
    with pytest.raises(ArgumentError, match=message):
        Switch(*arguments)


def test_the_second_part_orders_what_the_first_one_chose(log):
    cascade = Cascade(["popularity", "ease"], depth=7).fit(log)
    people = log.profiles()
    scores, first, second = (
        m.score(people) for m in (cascade, Popularity().fit(log), EASE().fit(log))
    )
    for row in range(len(people)):
        met = people.seen[[row]].indices
        free = np.setdiff1d(np.arange(log.n_items), met)
        best = free[np.argsort(-first[row, free], kind="stable")]
        bar = first[row, best[6]]
        chosen = free[first[row, free] >= bar]
        finite = np.flatnonzero(np.isfinite(scores[row]))
        assert set(finite) - set(met) == set(chosen)
        assert np.array_equal(scores[row, chosen], second[row, chosen])


def test_a_cascade_deeper_than_the_catalogue_is_its_second_part(log):
    people = log.profiles()
    cascade = Cascade(["popularity", "ease"], depth=10_000).fit(log)
    assert np.array_equal(cascade.score(people), EASE().fit(log).score(people))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((["ease"],), "parts must be at least 2 models"),
        ((["ease", "als", "content"],), "parts must be two"),
        ((None, 0), "depth must be a whole number of at least 1"),
        ((None, 2.5), "depth must be a whole number of at least 1"),
    ],
)
def test_a_cascade_that_cannot_work_is_refused(arguments, message):
    with pytest.raises(ArgumentError, match=message):
        Cascade(*arguments)


def test_hybrids_need_what_their_parts_need(log):
    assert Switch(["recent", "svd"]).needs == {"timestamps", "values"}
    bare = log.replaced(log.interactions.drop("value"), relevant_from=None)
    with pytest.raises(CapabilityError, match="Cascade needs values"):
        Cascade(["svd", "ease"]).fit(bare)
    assert len(Switch().fit(log).parts_) == 3
