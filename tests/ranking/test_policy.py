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


def test_policies_of_the_same_parameters_and_items_are_equal(data):
    def made(**other):
        given = {"diversity": 0.5, "exclude": [2], "boost": {9: 1.0}, "cap": {GENRES: 3}}
        return wb.Policy.for_dataset(data, **given | other)

    one, two = made(), made(exclude=(2,))
    assert one == two
    assert hash(one) == hash(two)
    two.groups(GENRES, data.catalogue)  # what it remembers is no parameter
    assert {one: "a"}[two] == "a"
    others = [
        made(diversity=0.4), made(exclude=[9]), made(boost={9: 2.0}), made(cap={}),
        made(items=one.items.head(4).clone(), cap={}, exclude=[], boost={}),
        made(cap={}, exclude=[], boost={}), wb.Policy(),
    ]  # fmt: skip
    assert len({one, *others}) == len(others) + 1
    assert all(one != other for other in others)
    assert wb.Policy() == wb.Policy()
    assert wb.Policy() != "a policy"


def test_no_diversity_is_the_identity(data, fitted, people, plain):
    assert _same_lists(recommend(fitted, people, 5, wb.Policy(items=data.items)), plain)
    boosted = wb.Policy(boost={2: 0.0, 9: 0.0})
    assert _same_lists(recommend(fitted, people, 5, boosted), plain)


NEUTRAL = [
    {"exclude": []},
    {"boost": {2: 0.0, 9: -0.0}},
    {"popularity_penalty": 0.0},
    {"diversity": 0.0},
    {"calibration": 0},
    {"pin": []},
    {"cap": {"genres": 30}},
    {"floor": {"popularity": {"tail": 0.0}}},
    {"min_new": 0},
    {"epsilon": 0.0, "temperature": 0.0},
]


@pytest.mark.parametrize("neutral", NEUTRAL, ids=lambda one: next(iter(one)))
@pytest.mark.parametrize("pool", [1, 5])
def test_a_step_at_its_neutral_value_changes_nothing(data, fitted, people, plain, neutral, pool):
    slates = recommend(fitted, people, 5, wb.Policy.for_dataset(data, pool=pool, **neutral))
    assert slates.frame.equals(plain.frame)
    assert all(not step["entered"] and not step["left"] for s in slates for step in s.steps)


def test_a_policy_of_a_log_counts_its_items(data):
    items = wb.Policy.for_dataset(data, few=9).items
    met = data.interactions.unique(["user_id", ITEM]).group_by(ITEM).len("met")
    both = items.join(met, on=ITEM, how="left").with_columns(pl.col("met").fill_null(0))
    assert (both["n_people"] == both["met"]).all()
    assert (both["new"] == (both["met"] < 9)).all()
    assert set(both["popularity"]) == {"head", "mid", "tail"}
    liked = data.relevant(data.interactions).group_by(ITEM).len("liked")
    by_band = both.join(liked, on=ITEM, how="left").group_by("popularity").agg(pl.sum("liked"))
    total = by_band["liked"].sum()
    assert dict(by_band.rows())["head"] >= total / 3
    assert items.height == data.n_items
    own = data.replaced(data.interactions, items=data.items.with_columns(new=pl.lit(True)))
    assert wb.Policy.for_dataset(own).items["new"].all()
    assert wb.Policy.for_dataset(data).relevant_from == data.relevant_from
    with pytest.raises(wb.ArgumentError, match="few must be at least 0"):
        wb.Policy.for_dataset(data, few=-1)


@pytest.mark.parametrize("given_", [{"diversity": 0.7}, {"temperature": 1.0}, {"calibration": 0.9}])
def test_what_is_ranked_below_the_pool_is_not_read(data, fitted, people, given_):
    gone = recommend(fitted, people, 2)[0].items
    policy = wb.Policy.for_dataset(data, pool=2, exclude=gone, **given_)
    assert policy.apply(recommend(fitted, people, 30), people, 3) == recommend(
        fitted, people, 3, policy
    )


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


@st.composite
def parameters(draw):
    """Any policy over the thirty items of the world; what is neutral is often drawn."""
    shares = st.sampled_from([0.0, 0.0, 0.3, 1.0])
    pin = draw(st.lists(st.integers(0, 29), max_size=3, unique=True))
    return {
        "exclude": draw(st.lists(st.integers(0, 29), max_size=4)),
        "pin": pin,
        "boost": draw(st.dictionaries(st.integers(0, 29), st.floats(-3, 3), max_size=3)),
        "diversity": draw(shares),
        "calibration": draw(shares),
        "popularity_penalty": draw(shares),
        "cap": draw(st.sampled_from([{}, {}, {"genres": 2}, {"decade": 3, "popularity": 2}])),
        "floor": draw(st.sampled_from([{}, {}, {"popularity": {"tail": 0.3}}])),
        "min_new": draw(st.integers(0, 1)),
        "epsilon": draw(shares),
        "temperature": draw(st.sampled_from([0.0, 0.0, 0.5])),
        "seed": draw(st.integers(0, 3)),
        "pool": draw(st.integers(1, 5)),
    }


@given(parameters(), st.integers(1, 12))
@settings(max_examples=40, deadline=None)
def test_laws_of_any_policy(given_, k):
    data, fitted = _world()
    ids = fitted.catalogue.ids
    people = data.profiles()[:6]
    named = {
        "exclude": [ids[i] for i in given_["exclude"]],
        "boost": {ids[i]: by for i, by in given_["boost"].items()},
        "pin": [ids[i] for i in given_["pin"]],
    }
    policy = wb.Policy.for_dataset(data, few=12, **{**given_, **named})
    slates = recommend(fitted, people, k, policy)
    for row, shown in enumerate(slates):
        left = 30 - len(set(people[row].items) | set(policy.exclude))
        assert len(shown) == len(set(shown.items)) <= min(k, left)
        assert policy.cap or len(shown) == min(k, left)
        assert shown.frame[RANK].to_list() == list(range(1, len(shown) + 1))
        assert not set(shown.items) & (set(people[row].items) | set(policy.exclude))
        alone = slate(fitted, people[row], k, policy)
        assert alone == shown
        assert alone.steps == shown.steps
        assert ("propensity" in shown.frame.columns) == policy.explores
        if policy.explores:
            assert shown.frame["propensity"].is_between(0, 1, closed="right").all()
        asked = [name for name in ORDER if given_.get(name)]
        asked += ["explore"] if policy.explores else []
        assert [step["step"] for step in shown.steps] == asked
        for before, after in zip(shown.steps, shown.steps[1:], strict=False):
            assert before["after"] == after["before"]


ORDER = [
    "exclude",
    "boost",
    "popularity_penalty",
    "diversity",
    "calibration",
    "pin",
    "cap",
    "floor",
    "min_new",
]


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


GENRED = pl.DataFrame({ITEM: [1, 2], GENRES: [["x"], ["y", "x"]]})
MAKER = pl.Series(["m", "n"])


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
        ({"boost": {1: "high"}}, "boost of 1 must be a finite number, not 'high'"),
        ({"boost": [1]}, "boost must map item ids to numbers"),
        ({"exclude": 7}, "exclude must be a list of ids, not 7"),
        ({"pool": 2.5}, "pool must be at least 1 and a whole number"),
        ({"seed": -1}, "seed must be at least 0"),
        ({"calibration": 2}, "calibration must be from 0 to 1, not 2"),
        ({"popularity_penalty": True}, "popularity_penalty must be from 0 to 1, not True"),
        ({"epsilon": "all"}, "epsilon must be from 0 to 1, not 'all'"),
        ({"temperature": -0.5}, "temperature must be a finite number of 0 or more"),
        ({"temperature": float("inf")}, "temperature must be a finite number of 0 or more"),
        ({"min_new": -1}, "min_new must be at least 0"),
        ({"min_new": 1.5}, "min_new must be at least 0 and a whole number"),
        ({"calibration": 0.5}, "calibration needs items, a frame with item_id and genres"),
        ({"popularity_penalty": 0.5, "items": GENRED}, "needs items, a frame with .* n_people"),
        ({"min_new": 1, "items": GENRED}, "min_new needs items, a frame with item_id and new"),
        (
            {"min_new": 1, "items": GENRED.with_columns(new=pl.lit("no"))},
            "min_new needs true and false in the column new",
        ),
        (
            {"popularity_penalty": 1, "items": GENRED.with_columns(n_people=pl.lit("9"))},
            "popularity_penalty needs numbers in the column n_people",
        ),
        ({"cap": {"genres": 0}, "items": GENRED}, "cap of 'genres' must be at least 1, not 0"),
        ({"cap": {"genres": 1.5}, "items": GENRED}, "cap of 'genres' must be at least 1"),
        ({"cap": {"maker": 2}, "items": GENRED}, "cap of 'maker' needs items, a frame with"),
        ({"cap": ["genres"]}, "cap must map columns to numbers"),
        ({"floor": {"genres": 0.2}}, "floor must map columns to shares by value"),
        ({"floor": {"genres": {"x": 1.2}}, "items": GENRED}, "floor of genres 'x' must be from 0"),
        ({"floor": {"genres": {"w": 0.1}}, "items": GENRED}, "no item has that value; there are"),
        (
            {"floor": {"maker": {"m": 0.6, "n": 0.5}}, "items": GENRED.with_columns(maker=MAKER)},
            "floor of maker adds up to 1.1, more than all places",
        ),
        (
            {"cap": {"genres": 2}, "items": {"item_id": [1]}},
            "items must be a polars frame, not dict",
        ),
        (
            {"diversity": 0.1, "items": pl.concat([GENRED, GENRED])},
            "items holds 1 twice; keep one row per item",
        ),
    ],
)
def test_a_policy_that_cannot_work_is_refused(arguments, words):
    with pytest.raises(wb.ArgumentError, match=words):
        wb.Policy(**arguments)
