"""Each step of a policy against a plain oracle, on lists made by hand and by chance."""

import math

import numpy as np
import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import workbench as wb
from workbench.columns import GENRES, ITEM, RANK, ROW, SCORE, SOURCE
from workbench.ranking.policy.places import attention

LETTERS = "abcdefgh"


def lists(scores, ids=None):
    """Slates of everything, ranked; one row of scores per person."""
    frames = []
    for row, given_ in enumerate(scores):
        order = sorted(range(len(given_)), key=lambda i: (-given_[i], i))
        frames.append(
            pl.DataFrame(
                {
                    ROW: [row] * len(order),
                    RANK: range(1, len(order) + 1),
                    ITEM: [(ids or range(1, 100))[i] for i in order],
                    SCORE: pl.Series([given_[i] for i in order], dtype=pl.Float32),
                    SOURCE: ["m"] * len(order),
                }
            )
        )
    return wb.Slates(pl.concat(frames), len(scores), len(scores[0]))


def persons(n_items, histories):
    log = pl.DataFrame({"user_id": ["u"] * n_items, ITEM: list(range(1, n_items + 1))})
    catalogue = wb.Dataset(log).catalogue
    return wb.Profiles.of([wb.Profile.of(items=h) for h in histories], catalogue)


def table(genres, **columns):
    frame = pl.DataFrame({ITEM: list(range(1, len(genres) + 1))}).with_columns(
        pl.Series(GENRES, [list(g) for g in genres], dtype=pl.List(pl.String))
    )
    return frame.with_columns(pl.Series(name, values) for name, values in columns.items())


def applied(policy, scores, histories=None, k=4):
    people = persons(len(scores[0]), histories or [[] for _ in scores])
    return policy.apply(lists(scores), people, k)


@st.composite
def worlds(draw):
    n = draw(st.integers(2, 12))
    # Scores on a coarse grid: ties are the rule.
    row = st.lists(st.integers(0, 6).map(lambda x: x / 4), min_size=n, max_size=n)
    scores = draw(st.lists(row, min_size=1, max_size=3))
    genres = draw(st.lists(st.sets(st.sampled_from("xyzw"), max_size=3), min_size=n, max_size=n))
    history = st.lists(st.integers(1, n), max_size=5, unique=True)
    histories = draw(st.lists(history, min_size=len(scores), max_size=len(scores)))
    return scores, genres, histories, draw(st.integers(1, 6))


def ranked(row):
    return sorted(range(len(row)), key=lambda i: (-row[i], i))


def unit(values):
    low, high = min(values), max(values)
    return [(v - low) / (high - low) if high > low else 0.0 for v in values]


WEIGHT = st.sampled_from([0.1, 0.3, 0.5, 0.9, 1.0])


# --- ranking anew ---------------------------------------------------------------------------------


@given(worlds(), WEIGHT)
@settings(max_examples=60, deadline=None)
def test_diversity_is_the_plain_loop(world, weight):
    scores, genres, _, k = world
    shown = applied(wb.Policy(diversity=weight, items=table(genres), pool=12), scores, k=k)

    def jaccard(a, b):
        return (
            len(genres[a] & genres[b]) / len(genres[a] | genres[b]) if genres[a] | genres[b] else 0
        )

    for row, given_ in enumerate(scores):
        left, chosen, fit = ranked(given_), [], unit([float(np.float32(s)) for s in given_])
        while left and len(chosen) < k:
            value = {
                i: (1 - weight) * fit[i] - weight * max((jaccard(i, j) for j in chosen), default=0)
                for i in left
            }
            best = max(left, key=value.get)
            left.remove(best)
            chosen.append(best)
        assert shown[row].items == [i + 1 for i in chosen]


def kl(taste, shown, genres):
    """KL(p || .99 q + .01 p) by the book."""
    told = [genres[i] for i in shown if genres[i]]
    total = 0.0
    for genre, p in taste.items():
        q = sum((genre in g) / len(g) for g in told) / len(told) if told else 0.0
        total += p * math.log(p / (0.99 * q + 0.01 * p))
    return total


def taste_of(history, genres):
    told = [genres[i - 1] for i in history if genres[i - 1]]
    return {
        genre: sum((genre in g) / len(g) for g in told) / len(told)
        for genre in sorted(set().union(*told))
    }


@given(worlds(), WEIGHT)
@settings(max_examples=60, deadline=None)
def test_calibration_is_greedy_and_never_worse_than_what_came(world, weight):
    scores, genres, histories, k = world
    policy = wb.Policy(calibration=weight, items=table(genres), pool=12)
    shown = applied(policy, scores, histories, k)
    for row, given_ in enumerate(scores):
        taste, came = taste_of(histories[row], genres), ranked(given_)[:k]
        got = [i - 1 for i in shown[row].items]
        fit = unit([float(np.float32(s)) for s in given_])
        if not taste:
            assert got == came
            assert shown[row].steps[0]["kl_after"] is None
            continue

        def objective(some, fit=fit, taste=taste):
            return (1 - weight) * sum(fit[i] for i in some) - weight * kl(taste, some, genres)

        left, chosen, tied = ranked(given_), [], False
        while left and len(chosen) < k:
            gains = [objective([*chosen, i]) for i in left]
            near = [i for i, g in zip(left, gains, strict=True) if g > max(gains) - 1e-9]
            # Rounding may break a tie of unlike items another way than here.
            tied = tied or len({(given_[i], frozenset(genres[i])) for i in near}) > 1
            left.remove(near[0])
            chosen.append(near[0])
        assert objective(got) >= objective(came) - 1e-9
        if not tied and abs(objective(chosen) - objective(came)) > 1e-9:
            assert got == (chosen if objective(chosen) > objective(came) else came)
        step = shown[row].steps[0]
        assert step["kl_after"] == pytest.approx(max(kl(taste, got, genres), 0), abs=1e-9)
        assert step["kl_before"] == pytest.approx(max(kl(taste, came, genres), 0), abs=1e-9)
        if weight == 1:
            assert step["kl_after"] <= step["kl_before"] + 1e-9


def test_calibration_brings_in_what_a_person_likes():
    genres = ["x", "x", "x", "x", "y", "z", "x", "y"]
    scores = [[0.9, 0.8, 0.7, 0.6, 0.3, 0.2, 0.0, 0.1]]
    policy = wb.Policy(calibration=0.9, items=table(genres), pool=12)
    shown = applied(policy, scores, [[7, 8]], 4)[0]
    assert {genres[i - 1] for i in shown.items} == {"x", "y"}
    assert [genres[i - 1] for i in shown.items].count("y") == 2
    # Only what the person liked counts.
    half = wb.Policy(calibration=0.9, items=table(genres), pool=12, relevant_from=4.0)
    people = persons(8, [[]])
    person = wb.Profile.of(items=[7, 8], values=[2.0, 5.0])
    people = wb.Profiles.of([person], people.catalogue)
    only = half.apply(lists(scores), people, 2)[0]
    assert [genres[i - 1] for i in only.items] == ["y", "y"]


def test_a_greedy_list_that_turns_out_worse_is_not_taken():
    """Taste half x, half y: greedy begins with the mixed item and can no longer reach it."""
    genres = ["x", "y", "xy"]
    scores = [[1.0, 1.0, 1.0]]
    policy = wb.Policy(calibration=1.0, items=table(genres), pool=5)
    shown = applied(policy, scores, [[1, 2]], 2)[0]
    assert shown.items == [1, 2]
    assert shown.steps[0]["kl_after"] == 0


def test_calibration_reads_any_column_of_a_few_values():
    for column, cells in (
        ("maker", ["m", "m", "m", "n"]),
        ("year", [1990, 1990, 1990, 2001]),
        ("fair", [True, True, True, False]),
        ("tags", [["m"], ["m", " m "], ["m"], ["n", None, ""]]),
        ("genres", ["m|o", "m,o", "m;o", "n"]),
    ):
        items = pl.DataFrame({ITEM: [1, 2, 3, 4], column: cells})
        policy = wb.Policy(calibration=1.0, items=items, column=column, pool=4)
        shown = applied(policy, [[1.0, 0.9, 0.8, 0.0]], [[4]], 1)[0]
        assert shown.items == [4], column


@given(worlds(), WEIGHT, st.lists(st.integers(0, 50), min_size=12, max_size=12))
@settings(max_examples=40, deadline=None)
def test_the_popularity_penalty_is_its_formula(world, weight, met):
    scores, genres, _, k = world
    met = met[: len(genres)]
    items = table(genres, n_people=met)
    shown = applied(wb.Policy(popularity_penalty=weight, items=items, pool=12), scores, k=k)
    liked = unit([math.log1p(m) for m in met])
    for row, given_ in enumerate(scores):
        fit = unit([float(np.float32(s)) for s in given_])
        value = [(1 - weight) * f - weight * p for f, p in zip(fit, liked, strict=True)]
        got = [value[i - 1] for i in shown[row].items]
        assert got == pytest.approx(sorted(value, reverse=True)[:k])


def test_full_penalty_shows_the_least_popular_first_and_ties_go_by_the_list():
    items = table(["x"] * 5, n_people=[9, 0, 5, 0, 2])
    policy = wb.Policy(popularity_penalty=1.0, items=items)
    assert applied(policy, [[5.0, 1.0, 3.0, 1.0, 4.0]], k=5)[0].items == [2, 4, 5, 3, 1]


def test_a_later_step_takes_the_order_of_an_earlier_one_for_the_truth():
    """A boost is not forgotten by diversity, which otherwise would rank by the model's scores."""
    items = table(["x", "x", "x", "y"])
    policy = wb.Policy(boost={3: 50.0}, diversity=0.3, items=items)
    assert applied(policy, [[1.0, 0.9, 0.1, 0.2]], k=2)[0].items[0] == 3


def test_lists_from_elsewhere_without_scores_go_by_their_places():
    frame = pl.DataFrame(
        {"user_id": ["b"] * 4 + ["a"] * 2, ITEM: [3, 1, 2, 4, 4, 1], "rank": [1, 2, 3, 4, 1, 2]}
    )
    slates = wb.Slates.from_frame(frame)
    people = persons(4, [[], []])
    policy = wb.Policy(diversity=0.5, items=table(["x", "y", "x", "x"]), pin=[2])
    shown = policy.apply(slates, people, 3)
    assert [s.items for s in shown] == [[2, 3, 1], [2, 4, 1]]
    assert shown.user_ids == ["b", "a"]
    assert shown.frame[SOURCE].to_list() == ["pinned", "given", "given"] * 2
    assert wb.Policy(boost={1: 0.0}).apply(slates, people, 4)[0].items == [3, 1, 2, 4]
    # One standard deviation of the places 0, -1, -2, -3 is 1.1 places.
    assert wb.Policy(boost={4: 1.0}).apply(slates, people, 4)[0].items == [3, 1, 4, 2]
    unsorted = slates.frame.with_columns(pl.Series(SCORE, [0.1, 0.9, 0.2, 0.3, 1.0, 2.0]))
    unsorted = wb.Slates(unsorted, 2, 4)
    assert wb.Policy(boost={1: 0.0}).apply(unsorted, people, 4)[0].items == [3, 1, 2, 4]
    with pytest.raises(wb.ArgumentError, match="there are 2 slates for 1 people"):
        policy.apply(slates, people[:1], 3)
    with pytest.raises(wb.ArgumentError, match="item 4, which is not in the catalogue"):
        wb.Policy().apply(slates, persons(3, [[], []]), 3)


# --- rules ----------------------------------------------------------------------------------------


@given(worlds(), st.integers(1, 3), st.lists(st.integers(0, 1), max_size=2, unique=True))
@settings(max_examples=60, deadline=None)
def test_a_cap_holds_and_the_list_is_as_long_as_it_lets(world, most, pin):
    scores, genres, histories, k = world
    policy = wb.Policy(cap={"genres": most}, items=table(genres), pin=[i + 1 for i in pin])
    shown = applied(policy, scores, histories, k)
    for row, given_ in enumerate(scores):
        pinned = [i for i in pin if i + 1 not in histories[row]][:k]
        counts, chosen = dict.fromkeys("xyzw", 0), list(pinned)
        for i in pinned:
            for g in genres[i]:
                counts[g] += 1
        for i in ranked(given_):
            if i in chosen or any(counts[g] >= most for g in genres[i]) or len(chosen) >= k:
                continue
            chosen.append(i)
            for g in genres[i]:
                counts[g] += 1
        assert shown[row].items == [i + 1 for i in chosen]
        step = shown[row].steps[-1]
        assert step["over"] == {f"genres {g}": n for g, n in counts.items() if n > most}
        assert step["empty"] == len(step["before"]) - len(chosen)


@given(
    st.integers(1, 15),
    st.lists(st.booleans(), min_size=20, max_size=40),
    st.floats(0, 1),
    st.sampled_from([0, 1, 2]),
)
@settings(max_examples=80, deadline=None)
def test_a_floor_holds_where_there_are_enough(k, tail, share, n_pins):
    assume(sum(tail) >= k)
    items = pl.DataFrame({ITEM: range(1, len(tail) + 1), "band": ["t" if t else "h" for t in tail]})
    scores = [[float(len(tail) - i) for i in range(len(tail))]]
    pins = [i + 1 for i, t in enumerate(tail) if not t][:n_pins]
    policy = wb.Policy(floor={"band": {"t": share}}, items=items, pin=pins)
    shown = applied(policy, scores, k=k)[0]
    worth = attention(k)
    got = sum(worth[p] for p, i in enumerate(shown.items) if tail[i - 1])
    possible = worth[min(len(pins), k) :].sum()
    assert got >= min(share * worth.sum(), possible) - 1e-9
    assert len(shown) == k
    if share:
        step = shown.steps[-1]
        assert step["asked"] == {"band t": pytest.approx(share)}
        assert step["got"] == {"band t": pytest.approx(got / worth.sum())}
        assert step["short"] == (["band t"] if got < share * worth.sum() - 1e-9 else [])
        # No more than it takes: without its last place the group would fall short.
        forced = [p for p, i in enumerate(shown.items) if tail[i - 1] and i not in step["before"]]
        if forced:
            assert got - worth[forced[0]] < share * worth.sum() + worth[0]
    rest = [i for i in shown.items if not tail[i - 1] and i not in pins]
    assert rest == sorted(rest)


def test_a_floor_is_spread_over_the_list():
    items = pl.DataFrame({ITEM: range(1, 31), "band": ["h"] * 20 + ["t"] * 10})
    policy = wb.Policy(floor={"band": {"t": 0.3}}, items=items)
    shown = applied(policy, [[float(-i) for i in range(30)]], k=10)[0]
    assert [p for p, i in enumerate(shown.items, 1) if i > 20] == [3, 6, 8, 10]


@given(
    st.integers(1, 12),
    st.integers(0, 12),
    st.lists(st.booleans(), min_size=12, max_size=24),
    st.sampled_from([0.0, 0.2, 0.5]),
)
@settings(max_examples=80, deadline=None)
def test_new_items_get_their_places_beside_a_floor(k, m, new, share):
    """Where the places that both ask for, counted apart, are there, both are met."""
    m = min(m, k)
    n = 3 * len(new)
    items = pl.DataFrame(
        {
            ITEM: range(1, n + 1),
            "new": [False] * len(new) + new + [False] * len(new),
            "band": ["h"] * (2 * len(new)) + ["t"] * len(new),
        }
    )
    policy = wb.Policy(min_new=m, floor={"band": {"t": share}}, items=items)
    shown = applied(policy, [[float(-i) for i in range(n)]], k=k)[0]
    fresh = [i for i in shown.items if items["new"][i - 1]]
    worth = attention(k)
    got = sum(worth[p] for p, i in enumerate(shown.items) if items["band"][i - 1] == "t")
    needed = int(np.searchsorted(np.cumsum(worth[::-1]), share * worth.sum() - 1e-9) + 1)
    needed = needed if share else 0
    if needed + min(m, sum(new)) <= k:
        assert len(fresh) >= min(m, sum(new))
        assert got >= share * worth.sum() - 1e-9
    if m:
        short = ["new"] if len(fresh) < m else []
        assert [name for name in shown.steps[-1]["short"] if name == "new"] == short
    assert len(shown) == k


def test_rules_that_cannot_be_met_together_are_refused_or_recorded():
    items = pl.DataFrame({ITEM: range(1, 9), "band": ["h"] * 4 + ["t"] * 4, "new": [False] * 8})
    scores = [[float(-i) for i in range(8)]]
    with pytest.raises(wb.ArgumentError, match="min_new=5 but there are only k=4 places"):
        applied(wb.Policy(min_new=5, items=items), scores)
    capped = wb.Policy(cap={"band": 1}, floor={"band": {"t": 0.6}}, items=items)
    with pytest.raises(wb.ArgumentError, match=r"floor of band 't' asks for 0\.6 of the attention"):
        applied(capped, scores)
    none = applied(wb.Policy(min_new=2, items=items), scores)[0]
    assert none.items == [1, 2, 3, 4]
    assert none.steps[0]["asked"] == {"new": 2.0}
    assert none.steps[0]["got"] == {"new": 0.0}
    assert none.steps[0]["short"] == ["new"]
    pinned = applied(wb.Policy(pin=[1, 2, 8, 3], exclude=[2]), scores, [[8]])[0]
    assert pinned.items == [1, 3, 4, 5]
    assert pinned.steps[-1]["excluded"] == [2]
    assert pinned.steps[-1]["seen"] == [8]
    full = applied(wb.Policy(pin=[1, 2, 3], cap={"band": 2}, items=items), scores)[0]
    assert full.items == [1, 2, 3, 5]
    assert full.steps[-1]["over"] == {"band h": 3}


def test_a_rule_reaches_items_below_the_pool(world):
    data = world.dataset()
    fitted = wb.create("ease", reg=5.0).fit(data)
    everything = wb.recommend(fitted, data.profiles(), 30)
    last = [s.items[-1] for s in everything]
    items = data.items.with_columns(pl.col(ITEM).is_in(last).alias("new"))
    shown = wb.recommend(fitted, data.profiles(), 3, wb.Policy(min_new=1, items=items, pool=1))
    assert all(set(s.items) & set(last) for s in shown)


def test_items_that_nothing_is_said_of_are_of_no_group():
    items = pl.DataFrame({ITEM: [1], GENRES: [["x"]], "n_people": [3], "new": [None]})
    items = items.with_columns(pl.col("new").cast(pl.Boolean))
    policy = wb.Policy(
        diversity=0.5, calibration=0.5, popularity_penalty=0.2, cap={"genres": 1}, min_new=1,
        items=items,
    )  # fmt: skip
    shown = applied(policy, [[3.0, 2.0, 1.0, 0.0]], [[1]], 3)
    assert len(shown[0]) == 3
    assert shown[0].steps[-1]["short"] == ["new"]
