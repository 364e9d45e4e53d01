"""Intervals cover what they say and tests raise no more alarms than they say: by simulation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.evaluation.resampling import (
    Sums,
    detectable,
    holm,
    interval,
    resampled,
    swap_test,
    unanimous,
)

LEVEL = 0.95


def like_ndcg(rng, shape):
    """Nothing for nearly half of the people, something skewed for the others; its mean."""
    values = np.where(rng.random(shape) < 0.45, 0, rng.beta(1.2, 2.5, shape))
    return values, 0.55 * 1.2 / 3.7


def like_hits(rng, shape):
    return (rng.random(shape) < 0.35) * 1.0, 0.35


def like_mrr(rng, shape):
    values = np.array([0, 1 / 5, 1 / 2, 1])
    chance = np.array([0.5, 0.2, 0.2, 0.1])
    return rng.choice(values, shape, p=chance), float(values @ chance)


def like_novelty(rng, shape):
    return rng.gamma(4, 0.5, shape), 2.0


def sums(values):
    return [Sums(column, np.ones(len(column))) for column in values.T]


def coverage(draw, n, n_samples, seed=0, n_boot=1000):
    """Share of the intervals that hold the true mean, over samples of n people."""
    values, truth = draw(np.random.default_rng(seed), (n, n_samples))
    parts = sums(values)
    held = 0
    for part, boot in zip(parts, resampled(parts, n_boot, seed), strict=True):
        low, high = interval(boot, part.figure, part.influence, LEVEL)
        if np.ptp(part.total) == 0:
            low, high = unanimous(part.figure, n, 0.0, 1.0, LEVEL)
        held += low <= truth <= high
    return held / n_samples


@pytest.mark.parametrize("draw", [like_ndcg, like_hits])
@pytest.mark.parametrize("n", [50, 200])
def test_intervals_cover_the_truth(draw, n):
    assert 0.93 <= coverage(draw, n, 1500) <= 0.97


@pytest.mark.full
@pytest.mark.parametrize("draw", [like_ndcg, like_hits, like_mrr, like_novelty])
@pytest.mark.parametrize("n", [50, 200, 900])
def test_intervals_cover_the_truth_in_every_shape(draw, n):
    assert 0.93 <= coverage(draw, n, 6000, n_boot=2000) <= 0.97


@pytest.mark.full
@pytest.mark.parametrize("draw", [like_ndcg, like_hits, like_mrr, like_novelty])
@pytest.mark.parametrize("n", [10, 20, 30])
def test_intervals_of_few_people_are_not_far_off(draw, n):
    # A share of 30 people moves in steps of 1 / 30: no interval covers 95 % of such samples.
    assert 0.91 <= coverage(draw, n, 6000, n_boot=2000) <= 0.99


@pytest.mark.parametrize("n_samples", [600, pytest.param(5000, marks=pytest.mark.full)])
def test_intervals_of_pooled_errors_and_of_ratios_cover_the_truth(n_samples):
    rng = np.random.default_rng(1)
    n = 150
    held = {"rmse": 0, "ratio": 0}
    for start in range(0, n_samples, 200):
        width = min(200, n_samples - start)
        # How many ratings a person gave says nothing of their error, so the pooled RMSE is 1.
        ratings = rng.integers(1, 30, (n, width)).astype(float)
        squared = rng.chisquare(ratings)
        base, mean = like_ndcg(rng, (n, width))
        other = np.clip(base + rng.normal(0.02, 0.1, (n, width)), 0, None)
        true_ratio = _mean_of_clipped() / mean
        parts = [Sums(squared[:, i], ratings[:, i], root=True) for i in range(width)]
        parts += sums(other) + sums(base)
        boots = resampled(parts, 800, start)
        for i in range(width):
            low, high = interval(boots[i], parts[i].figure, parts[i].influence, LEVEL)
            held["rmse"] += low <= 1 <= high
            one, two = parts[width + i], parts[2 * width + i]
            ratio = one.figure / two.figure
            moves = (one.influence - ratio * two.influence) / two.figure
            boot = boots[width + i] / boots[2 * width + i]
            low, high = interval(boot, ratio, moves, LEVEL)
            held["ratio"] += low <= true_ratio <= high
    for name, count in held.items():
        assert 0.925 <= count / n_samples <= 0.975, name


def _mean_of_clipped(cache=[]):  # noqa: B006 a constant, drawn once
    if not cache:
        rng = np.random.default_rng(99)
        base, _ = like_ndcg(rng, 4_000_000)
        cache.append(np.clip(base + rng.normal(0.02, 0.1, base.shape), 0, None).mean())
    return cache[0]


def alarms(n, n_tests, shift=0.0, seed=0, n_swaps=400):
    """Share of paired tests that say "different" at 5 %, for two models ``shift`` apart."""
    rng = np.random.default_rng(seed)
    taste = rng.random((n, n_tests))
    ones = np.ones(n)
    found = 0
    for i in range(n_tests):
        a, b = (np.clip(taste[:, i] + rng.normal(0, 0.2, n), 0, 1) for _ in range(2))
        p = swap_test(Sums(a + shift, ones), Sums(b, ones), n_swaps, seed=i)
        found += p <= 0.05
    return found / n_tests


@pytest.mark.parametrize("n", [6, 40])
def test_false_alarms_are_at_most_the_stated_level(n):
    assert alarms(n, 1500) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 1500)


@pytest.mark.full
@pytest.mark.parametrize("n", [6, 15, 40, 300])
def test_false_alarms_in_many_trials(n):
    share = alarms(n, 10_000)
    assert share <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 10_000)
    assert n < 15 or share >= 0.04  # and not by never saying anything


@pytest.mark.parametrize("n_tests", [500, pytest.param(5000, marks=pytest.mark.full)])
def test_the_smallest_visible_difference_is_seen_eight_times_in_ten(n_tests):
    rng = np.random.default_rng(5)
    n = 60
    noise = rng.normal(0, 0.1, (n, n_tests))
    # As planned from one sample of such people: sd 0.1, exactly.
    standard = noise[:, 0] - noise[:, 0].mean()
    standard *= 0.1 / standard.std(ddof=1)
    truth = detectable(standard, LEVEL)
    ones, zeros = np.ones(n), np.zeros(n)
    seen = sum(
        swap_test(Sums(noise[:, i] + truth, ones), Sums(zeros, ones), 400, i) <= 0.05
        for i in range(n_tests)
    )
    assert seen / n_tests == pytest.approx(0.8, abs=0.06 if n_tests < 1000 else 0.025)


def test_a_swap_test_by_hand_is_exact():
    # Differences 1, 2, 3: of the 8 ways to swap, 2 give a sum as far from 0 as 6.
    ones = np.ones(3)
    assert swap_test(Sums(np.array([1.0, 2, 3]), ones), Sums(0 * ones, ones), 1000, 0) == 2 / 8
    # 1, 2, -3 sums to 0, and every way is at least as far.
    assert swap_test(Sums(np.array([1.0, 2, -3]), ones), Sums(0 * ones, ones), 1000, 0) == 1
    assert swap_test(Sums(ones, ones), Sums(ones, ones), 1000, 0) == 1


def test_random_swaps_agree_with_all_swaps():
    rng = np.random.default_rng(2)
    one, two = (Sums(rng.random(12) + shift, np.ones(12)) for shift in (0.3, 0.0))
    exact = swap_test(one, two, 2**12, 0)
    assert 0.01 < exact < 0.5
    assert swap_test(one, two, 2**12 - 1, 0) == pytest.approx(exact, abs=0.03)


def test_pooled_figures_are_swapped_with_their_counts():
    one = Sums(np.array([4.0, 1.0]), np.array([1.0, 1.0]), root=True)
    two = Sums(np.array([1.0, 1.0]), np.array([2.0, 1.0]), root=True)
    # sqrt(5/2) against sqrt(2/3), or after a swap of the first sqrt(2/3) against sqrt(5/2);
    # a swap of the second changes nothing: all four ways are as far.
    assert swap_test(one, two, 1000, 0) == 1
    assert one.figure == pytest.approx(np.sqrt(2.5))


@given(
    st.lists(st.floats(0, 1), min_size=2, max_size=30),
    st.booleans(),
    st.integers(0, 10),
)
@settings(max_examples=60, deadline=None)
def test_influence_is_the_slope_of_the_figure(values, root, who):
    rng = np.random.default_rng(0)
    total = np.array(values) + 0.1
    over = rng.integers(1, 5, len(values)).astype(float)
    part, who, step = Sums(total, over, root), who % len(values), 1e-6
    weight = np.ones(len(values))
    weight[who] += step
    moved = part.of(weight @ total, weight @ over)
    slope = (moved - part.figure) / step * len(values)
    assert part.influence[who] == pytest.approx(slope, rel=1e-3, abs=1e-3)
    assert part.influence.mean() == pytest.approx(0, abs=1e-9)


def test_draws_are_with_replacement_and_blocks_do_not_matter(monkeypatch):
    rng = np.random.default_rng(3)
    part = Sums(rng.random(40), np.ones(40))
    (boot,) = resampled([part], 4000, 0)
    assert boot.mean() == pytest.approx(part.figure, abs=0.003)
    assert boot.std() == pytest.approx(part.total.std() / np.sqrt(40), rel=0.05)
    monkeypatch.setattr("workbench.evaluation.resampling.CELLS", 400)
    (parts,) = resampled([part], 4000, 0)
    # A product over fewer rows may be summed in another order: the last bit is the processor's.
    np.testing.assert_allclose(boot, parts, rtol=1e-14)


@pytest.mark.parametrize("sign", [1, -1])
def test_many_people_have_the_interval_of_scipy(sign):
    from scipy.stats import bootstrap

    n = 300
    values = sign * np.random.default_rng(6).exponential(1, n)  # skewed: plain percentiles differ
    part = Sums(values, np.ones(n))
    (boot,) = resampled([part], 20_000, 0)
    got = np.array(interval(boot, part.figure, part.influence, LEVEL))
    known = bootstrap(
        (values,), np.mean, n_resamples=20_000, method="BCa", rng=np.random.default_rng(7)
    ).confidence_interval
    error = values.std() / np.sqrt(n)
    assert got == pytest.approx(known, abs=0.06 * error)
    assert np.abs(np.quantile(boot, [0.025, 0.975]) - known).min() > 0.06 * error


def test_one_person_has_no_interval_and_nobody_no_figure():
    one = Sums(np.array([0.5]), np.ones(1))
    assert np.isnan(interval(resampled([one], 100, 0)[0], one.figure, one.influence, LEVEL)).all()
    assert np.isnan(detectable(one.influence, LEVEL))
    nobody = Sums(np.zeros(0), np.zeros(0))
    assert np.isnan(nobody.figure)
    assert np.isnan(resampled([nobody], 100, 0)[0]).all()
    assert np.isnan(swap_test(nobody, nobody, 100, 0))


def test_people_who_all_agree_still_leave_room_for_others():
    low, high = unanimous(0.0, 20, 0.0, 1.0, 0.95)
    assert low == 0
    assert high == pytest.approx(0.1684, abs=1e-4)  # Clopper-Pearson, 0 of 20
    assert unanimous(1.0, 20, 0.0, 1.0, 0.95) == pytest.approx((1 - 0.1684, 1), abs=1e-4)
    assert np.isnan(unanimous(2.0, 20, 0.0, np.inf, 0.95)[1])


def test_holm_by_hand():
    # 0.01 x 4, 0.02 x 3, max(0.06, 0.03 x 2), max(0.06, 0.04 x 1)
    got = holm(np.array([0.04, 0.01, 0.03, 0.02]))
    np.testing.assert_allclose(got, [0.06, 0.04, 0.06, 0.06])
    np.testing.assert_allclose(holm(np.array([0.9, np.nan, 0.8])), [1, np.nan, 1])
    np.testing.assert_allclose(holm(np.array([0.03])), [0.03])
    assert len(holm(np.zeros(0))) == 0


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8), st.floats(0.001, 0.5))
def test_holm_rejects_what_stepping_down_rejects(p, alpha):
    left, rejected = sorted(range(len(p)), key=lambda i: p[i]), set()
    while left and p[left[0]] * len(left) <= alpha:
        rejected.add(left.pop(0))
    adjusted = holm(np.array(p))
    assert {i for i in range(len(p)) if adjusted[i] <= alpha} == rejected


def test_holm_keeps_the_alarms_of_a_family_at_the_level():
    p = np.random.default_rng(4).random((4000, 6))
    share = np.mean([(holm(row) <= 0.05).any() for row in p])
    assert 0.035 <= share <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 4000)
