"""What is done to a slate after ranking."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import workbench as wb
from workbench.columns import GENRES, ITEM, RANK, ROW, SCORE, SOURCE
from workbench.ranking.recommend import recommend, slate


@pytest.fixture(scope="module")
def data(world):
    return world.dataset()


@pytest.fixture(scope="module")
def fitted(data):
    return wb.create("ease", reg=5.0).fit(data)


@pytest.fixture(scope="module")
def people(data):
    return data.profiles()


@pytest.fixture(scope="module")
def plain(fitted, people):
    return recommend(fitted, people, k=5)


def _same_lists(one, two):
    return one.frame.select(ROW, RANK, ITEM, SCORE, SOURCE).equals(
        two.frame.select(ROW, RANK, ITEM, SCORE, SOURCE)
    )


def test_an_empty_policy_changes_nothing_and_records_nothing(fitted, people, plain):
    slates = recommend(fitted, people, 5, wb.Policy())
    assert _same_lists(slates, plain)
    assert all(shown.steps == () for shown in slates)


def test_no_diversity_is_the_identity(data, fitted, people, plain):
    assert _same_lists(recommend(fitted, people, 5, wb.Policy(items=data.items)), plain)
    boosted = wb.Policy(boost={2: 0.0, 9: 0.0})
    assert _same_lists(recommend(fitted, people, 5, boosted), plain)


def test_the_excluded_are_not_shown_and_the_next_move_up(fitted, people, plain):
    gone = plain[0].items[:2]
    slates = recommend(fitted, people, 5, wb.Policy(exclude=gone))
    assert not set(gone) & set(slates.frame[ITEM])
    longer = recommend(fitted, people, 10)
    for row, shown in enumerate(slates):
        assert shown.items == [i for i in longer[row].items if i not in gone][:5]
        assert shown.frame[RANK].to_list() == [1, 2, 3, 4, 5]


def test_pins_come_first_in_their_order_but_not_to_those_who_saw_them(fitted, people):
    pins = fitted.catalogue.take([29, 0, 7])
    slates = recommend(fitted, people, 5, wb.Policy(pin=pins))
    some_saw = False
    for row, shown in enumerate(slates):
        due = [i for i in pins if i not in people[row]]
        some_saw = some_saw or len(due) < 3
        assert shown.items[: len(due)] == due
        assert len(shown) == len(set(shown.items)) == 5
        assert shown.frame[SOURCE].to_list()[: len(due)] == ["pinned"] * len(due)
        assert not set(people[row].items) & set(shown.items)
    assert some_saw


def test_a_pin_keeps_the_score_that_it_has(fitted, people, plain):
    pin = recommend(fitted, people, 12)[0].items[8]
    first = recommend(fitted, people[:1], 5, wb.Policy(pin=[pin]))[0].frame.row(0, named=True)
    scores = fitted.score(people[:1])[0]
    assert first[SCORE] == scores[fitted.catalogue.code(pin)]


def test_exclude_is_stronger_than_pin(fitted, people):
    pin = fitted.catalogue.take([29, 3])
    slates = recommend(fitted, people, 5, wb.Policy(pin=pin, exclude=pin[:1]))
    assert pin[0] not in slates.frame[ITEM]


def test_a_boost_lifts_and_lowers(fitted, people, plain):
    last, first = plain[0].items[4], plain[0].items[0]
    lifted = recommend(fitted, people[:1], 5, wb.Policy(boost={last: 50.0}))[0]
    assert lifted.items[0] == last
    assert lifted.items[1:] == plain[0].items[:4]
    lowered = recommend(fitted, people[:1], 5, wb.Policy(boost={first: -50.0}))[0]
    assert first not in lowered


def test_a_boost_reaches_items_that_are_not_in_the_pool(fitted, people):
    everything = recommend(fitted, people, 30)
    for row in range(5):
        ranked = everything[row].items
        policy = wb.Policy(boost={ranked[-1]: 50.0}, pool=1)
        shown = slate(fitted, people[row], 3, policy)
        assert shown.items == [ranked[-1], *ranked[:2]]
        assert shown.steps[0]["entered"] == [ranked[-1]]


def test_full_diversity_takes_unlike_items_first(data, fitted, people):
    genres = {row[ITEM]: set(row[GENRES]) for row in data.items.iter_rows(named=True)}
    plain = recommend(fitted, people, 4)
    varied = recommend(fitted, people, 4, wb.Policy(diversity=1.0, items=data.items))

    def likeness(shown):
        pairs = [(a, b) for n, a in enumerate(shown.items) for b in shown.items[n + 1 :]]
        return np.mean([len(genres[a] & genres[b]) / len(genres[a] | genres[b]) for a, b in pairs])

    before, after = (np.mean([likeness(s) for s in slates]) for slates in (plain, varied))
    assert after < before - 0.2
    assert all(v.items[0] == p.items[0] for v, p in zip(varied, plain, strict=True))


def test_mmr_by_hand():
    items = pl.DataFrame({ITEM: ["a", "b", "c", "d"], GENRES: [["x"], ["x"], ["y"], ["x", "y"]]})
    pool = pl.DataFrame(
        {
            ROW: [0, 0, 0, 0],
            RANK: [1, 2, 3, 4],
            ITEM: ["a", "b", "c", "d"],
            SCORE: pl.Series([1.0, 0.9, 0.5, 0.0], dtype=pl.Float32),
            SOURCE: ["m"] * 4,
        }
    )
    people = wb.Profiles.of(wb.Profile(), _catalogue("abcd"))
    policy = wb.Policy(diversity=0.5, items=items)
    shown = policy.apply(wb.Slates(pool, 1, 4), people, 4)[0]
    # After a: b = .5*.9 - .5*1 < c = .5*.5 - 0; then b = -.05 over d = 0 - .5*.5.
    assert shown.items == ["a", "c", "b", "d"]


def _catalogue(ids):
    return wb.Dataset(pl.DataFrame({"user_id": ["u"] * len(ids), ITEM: list(ids)})).catalogue


def test_every_step_is_recorded_in_its_order(data, fitted, people):
    policy = wb.Policy(
        exclude=fitted.catalogue.take([1]),
        boost={fitted.catalogue.id(5): 1.0},
        diversity=0.4,
        pin=fitted.catalogue.take([29]),
        items=data.items,
    )
    slates = recommend(fitted, people, 5, policy)
    for row, shown in enumerate(slates):
        assert [s["step"] for s in shown.steps] == ["exclude", "boost", "diversity", "pin"]
        before = recommend(fitted, people[row : row + 1], 5)[0].items
        for step in shown.steps:
            assert step["before"] == before
            before = step["after"]
            assert step["entered"] == [i for i in step["after"] if i not in step["before"]]
            assert step["left"] == [i for i in step["before"] if i not in step["after"]]
        assert shown.items == before


@given(
    st.lists(st.integers(0, 29), max_size=4),
    st.lists(st.integers(0, 29), max_size=4, unique=True),
    st.dictionaries(st.integers(0, 29), st.floats(-3, 3), max_size=3),
    st.sampled_from([0.0, 0.3, 1.0]),
    st.integers(1, 12),
)
@settings(max_examples=25, deadline=None)
def test_laws_of_any_policy(exclude, pin, boost, diversity, k):
    data, fitted = _world()
    ids = fitted.catalogue.ids
    people = data.profiles()[:6]
    policy = wb.Policy(
        exclude=[ids[i] for i in exclude],
        boost={ids[i]: by for i, by in boost.items()},
        diversity=diversity,
        pin=[ids[i] for i in pin],
        items=data.items,
    )
    slates = recommend(fitted, people, k, policy)
    for row, shown in enumerate(slates):
        left = 30 - len(set(people[row].items) | set(policy.exclude))
        assert len(shown) == len(set(shown.items)) == min(k, left)
        assert shown.frame[RANK].to_list() == list(range(1, len(shown) + 1))
        assert not set(shown.items) & (set(people[row].items) | set(policy.exclude))
        alone = slate(fitted, people[row], k, policy)
        assert alone.items == shown.items
        assert alone.steps == shown.steps


_WORLD = []


def _world():
    """One fit for all examples."""
    if not _WORLD:
        from workbench.checks.worlds import tastes

        data = tastes().dataset()
        _WORLD.extend([data, wb.create("ease", reg=5.0).fit(data)])
    return _WORLD


def test_people_with_an_empty_pool_and_no_people_at_all(fitted, people):
    full = wb.Profile.of(items=fitted.catalogue.ids.to_list())
    batch = wb.Profiles.of([full, wb.Profile()], fitted.catalogue)
    for policy in (wb.Policy(exclude=[2]), wb.Policy(pin=[2]), wb.Policy(boost={2: 1.0})):
        assert [len(s) for s in recommend(fitted, batch, 3, policy)] == [0, 3]
    assert len(recommend(fitted, people[:0], 3, wb.Policy(pin=[2]))) == 0


@pytest.mark.parametrize("name", ["exclude", "boost", "pin"])
@pytest.mark.parametrize("stranger", [10**6, "2"])
def test_an_item_that_the_catalogue_does_not_have_is_refused(fitted, people, name, stranger):
    policy = wb.Policy(**{name: {stranger: 2.0} if name == "boost" else [stranger]})
    kind = "the ids there are integers: " if stranger == "2" else ""
    words = f"{name} holds {stranger!r}, which is not an item of the catalogue; {kind}give ids as"
    for batch in (people, people[:0]):
        with pytest.raises(wb.ArgumentError, match=words):
            recommend(fitted, batch, 5, policy)


def test_a_boost_that_does_nothing_says_so(fitted, people, plain):
    seen = people[0].items[0]
    first, *_, last = recommend(fitted, people[:1], 30)[0].items
    shown = recommend(fitted, people[:1], 5, wb.Policy(boost={seen: 9.0, first: 1.0}))[0]
    assert shown.items == plain[0].items
    assert shown.steps[0]["no_effect"] == [seen]
    low = recommend(fitted, people[:1], 1, wb.Policy(boost={last: -1.0}, pool=1))[0]
    assert low.steps[0]["no_effect"] == [last]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"diversity": 1.5}, "diversity must be from 0 to 1, not 1.5"),
        ({"diversity": -0.1}, "diversity must be from 0 to 1"),
        ({"diversity": float("nan")}, "diversity must be from 0 to 1"),
        ({"diversity": 0.5}, "diversity needs items"),
        ({"diversity": 0.5, "items": pl.DataFrame({ITEM: [1]})}, "diversity needs items"),
        ({"pool": 0}, "pool must be at least 1"),
        ({"exclude": "abc"}, "exclude must be a list of ids"),
        ({"pin": "abc"}, "pin must be a list of ids"),
        ({"pin": [1, 2, 1]}, "pin holds 1 twice"),
        ({"boost": {1: float("nan")}}, "boost of 1 must be a finite number"),
    ],
)
def test_a_policy_that_cannot_work_is_refused(arguments, words):
    with pytest.raises(wb.ArgumentError, match=words):
        wb.Policy(**arguments)
