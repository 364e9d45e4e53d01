"""Exploration: chance that belongs to the person, and propensities that are what they say."""

import numpy as np
import polars as pl
import pytest
from scipy.special import bdtr

import workbench as wb
from workbench.columns import AS_OF, ITEM, PROPENSITY, RANK, ROW, SCORE, SOURCE
from workbench.profiles import Profiles
from workbench.ranking.policy.draws import person_keys, uniforms

N = 20_000
SCORES = [2.0, 1.5, 1.0, 0.5, 0.0, -1.0]
BAND = ["h", "h", "h", "t", "t", "t"]


def crowd(n=N, n_items=6):
    """Many visits of one kind: no history, each visit another context."""
    log = pl.DataFrame({"user_id": ["u"] * n_items, ITEM: list(range(1, n_items + 1))})
    nothing = np.zeros(0)
    visit = pl.DataFrame({AS_OF: [0.0] * n, "visit": range(n)})
    catalogue = wb.Dataset(log).catalogue
    return Profiles(catalogue, np.zeros(n + 1), nothing, nothing, nothing, context=visit)


def same_for_all(n=N):
    item = np.tile(np.arange(len(SCORES)), n)
    frame = pl.DataFrame(
        {
            ROW: np.repeat(np.arange(n), len(SCORES)),
            RANK: item + 1,
            ITEM: item + 1,
            SCORE: np.array(SCORES, dtype=np.float32)[item],
        }
    ).with_columns(pl.lit("m").alias(SOURCE))
    return wb.Slates(frame, n, len(SCORES))


def items():
    return pl.DataFrame({ITEM: range(1, len(SCORES) + 1), "band": BAND})


def near(count, n, p):
    """Whether a binomial of these would be as far out with a chance above one in a million."""
    return min(bdtr(count, n, p), 1 - bdtr(count - 1, n, p) if count else 1.0) > 0.5e-6


POLICIES = {
    "epsilon": {"epsilon": 0.3},
    "softmax": {"temperature": 0.7},
    "both": {"epsilon": 0.2, "temperature": 0.4},
    "pool": {"epsilon": 0.5, "pool": 1},
    "within a cap": {"epsilon": 0.4, "cap": {"band": 2}},
    "within a floor": {"temperature": 1.0, "floor": {"band": {"t": 0.5}}},
    "below a pin": {"epsilon": 0.4, "pin": [5]},
}


@pytest.mark.parametrize("name", POLICIES)
def test_propensities_are_the_frequencies(name):
    """Of every place, given the places above it; and of whole slates, by their product."""
    policy = wb.Policy(items=items(), **POLICIES[name])
    shown = policy.apply(same_for_all(), crowd(), 3).frame
    item = shown[ITEM].to_numpy().reshape(N, 3)
    chance = shown[PROPENSITY].to_numpy().reshape(N, 3)
    assert (chance > 0).all()
    assert (chance <= 1).all()
    for place in range(3):
        above, group = np.unique(item[:, :place], axis=0, return_inverse=True)
        for g in range(len(above)):
            here = group == g
            total = 0.0
            for code in np.unique(item[here, place]):
                these = here & (item[:, place] == code)
                said = np.unique(chance[these, place])
                assert len(said) == 1
                assert near(these.sum(), here.sum(), said[0])
                total += said[0]
            # What was never drawn is rare.
            assert total <= 1 + 1e-9
            assert total > 1 - 12 / here.sum()
    slates, count = np.unique(item, axis=0, return_counts=True)
    for slate, n in zip(slates, count, strict=True):
        product = chance[(item == slate).all(axis=1)][0].prod()
        assert near(n, N, product)


def test_softmax_is_the_formula_of_plackett_and_luce():
    frame = wb.Policy(temperature=0.7).apply(same_for_all(), crowd(), 3).frame
    first = frame.filter(pl.col(RANK) == 1).unique(ITEM).sort(ITEM)
    odds = np.exp(np.array(SCORES) / (0.7 * np.std(SCORES)))
    np.testing.assert_allclose(first[PROPENSITY], odds / odds.sum())
    second = frame.filter(pl.col(RANK) == 2).filter(
        pl.col(ROW).is_in(frame.filter((pl.col(RANK) == 1) & (pl.col(ITEM) == 2))[ROW].implode())
    )
    left = np.delete(odds, 1)
    second = second.unique(ITEM).sort(ITEM)
    np.testing.assert_allclose(second[PROPENSITY], left / left.sum())


def test_epsilon_is_a_coin_for_each_place():
    frame = wb.Policy(epsilon=0.3).apply(same_for_all(), crowd(), 2).frame
    first = dict(frame.filter(pl.col(RANK) == 1).unique(ITEM).select(ITEM, PROPENSITY).rows())
    assert first[1] == pytest.approx(0.7 + 0.3 / 6)
    assert [first[i] for i in range(2, 7)] == pytest.approx([0.3 / 6] * 5)


def test_only_the_pool_is_drawn_from_and_the_rules_hold():
    pooled = wb.Policy(epsilon=1.0, pool=1).apply(same_for_all(), crowd(), 3).frame
    assert set(pooled[ITEM]) == {1, 2, 3}
    capped = wb.Policy(epsilon=1.0, cap={"band": 2}, items=items())
    shown = capped.apply(same_for_all(), crowd(), 4).frame
    band = (shown[ITEM].to_numpy() > 3).reshape(N, 4)
    assert (band.sum(axis=1) == 2).all()
    pinned = wb.Policy(epsilon=1.0, pin=[6, 2]).apply(same_for_all(), crowd(), 3).frame
    top = pinned.filter(pl.col(RANK) <= 2)
    assert top[ITEM].to_list() == [6, 2] * N
    assert (top[PROPENSITY] == 1).all()
    assert set(pinned.filter(pl.col(RANK) == 3)[ITEM]) == {1, 3, 4, 5}


def test_what_chance_brought_is_recorded():
    shown = wb.Policy(epsilon=0.5).apply(same_for_all(200), crowd(200), 3)
    for row in range(200):
        (step,) = shown[row].steps
        assert step["before"] == [1, 2, 3]
        left = list(range(1, 7))
        drawn = []
        for item in step["after"]:
            drawn += [item] if item != left[0] else []
            left.remove(item)
        assert step["drawn"] == drawn


def test_a_person_has_the_same_luck_alone_in_a_batch_and_in_any_row(world):
    data = world.dataset()
    fitted = wb.create("ease", reg=5.0).fit(data)
    people = data.profiles()
    policy = wb.Policy(epsilon=0.3, temperature=0.5)
    batch = wb.recommend(fitted, people, 5, policy)
    shuffled = np.random.default_rng(0).permutation(len(people))
    other = wb.recommend(fitted, people[shuffled], 5, policy)
    for row in range(len(people)):
        alone = wb.slate(fitted, people[row], 5, policy)
        assert alone == batch[row] == other[int(np.flatnonzero(shuffled == row)[0])]
    again = wb.recommend(fitted, people, 5, wb.Policy(epsilon=0.3, temperature=0.5, seed=1))
    assert again != batch
    assert wb.recommend(fitted, people, 5, policy) == batch


def test_luck_belongs_to_what_a_person_did_and_to_the_moment_not_to_who_they_are(world):
    people = world.dataset().profiles()
    keys = person_keys(people, 0)
    assert len(set(keys.tolist())) == len(people)
    person = people[3]

    def key(one, seed=0):
        return int(person_keys(Profiles.of(one, people.catalogue), seed)[0])

    assert key(person) == keys[3]
    assert key(person.with_attribute("gender", "x")) == keys[3]
    others = [
        key(person, seed=1),
        key(person.without(person.items[0])),
        key(person.revalued(person.items[0], 1.5)),
        key(person.reweighted(person.items[0], 0.5)),
        key(person.at(person.as_of + 1)),
        key(person.with_context("visit", 7)),
    ]
    assert len({int(keys[3]), *others}) == 7
    # A number is the same however a table spells it, and what is not known says nothing.
    assert key(person.with_context("visit", 7)) == key(person.with_context("visit", 7.0))
    assert key(person.with_context("visit", None)) == keys[3]
    apart = Profiles.of([person, person.with_context("visit", 7)], people.catalogue)
    assert person_keys(apart, 0).tolist() == [int(keys[3]), others[-1]]


def test_draws_are_uniform_and_places_are_independent():
    keys = person_keys(crowd(), 0)
    one, two = uniforms(keys, 0), uniforms(keys, 1)
    for draw in (one, two):
        assert ((draw >= 0) & (draw < 1)).all()
        counts = np.histogram(draw, 20, (0, 1))[0]
        assert ((counts - N / 20) ** 2 / (N / 20)).sum() < 50  # chi-squared, 19 degrees
    assert abs(np.corrcoef(one, two)[0, 1]) < 4.5 / np.sqrt(N)


def test_nobody_and_nothing_to_draw_from():
    policy = wb.Policy(epsilon=0.5, temperature=0.5)
    empty = policy.apply(same_for_all(1), crowd(1), 3).frame.clear()
    nobody = policy.apply(wb.Slates(empty.drop(PROPENSITY), 0, 3), crowd(0), 3)
    assert nobody.frame.height == 0
    assert nobody.frame.columns == empty.columns
    bare = wb.Slates(empty.drop(PROPENSITY), 2, 3)
    assert [len(s) for s in policy.apply(bare, crowd(2), 3)] == [0, 0]
    alike = same_for_all(3)
    alike = wb.Slates(alike.frame.with_columns(pl.lit(0.5).cast(pl.Float32).alias(SCORE)), 3, 6)
    shown = wb.Policy(temperature=0.5).apply(alike, crowd(3), 6).frame
    assert shown.filter(pl.col(RANK) == 1)[PROPENSITY].to_list() == pytest.approx([1 / 6] * 3)
    assert shown.filter(pl.col(RANK) == 6)[PROPENSITY].to_list() == [1.0] * 3
