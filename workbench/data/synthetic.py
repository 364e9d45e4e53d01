"""Synthetic: a population with known tastes, known exposure and a planted bias."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl
from numpy.typing import NDArray

from workbench.columns import GENRES as GENRES_COLUMN
from workbench.columns import ITEM, TIME, TITLE, USER, VALUE, YEAR
from workbench.data.dataset import Dataset
from workbench.data.shows import DAY, Shows
from workbench.data.titles import GENRES, invented_titles
from workbench.data.truth import CENTRE, MATCH, NOISE, Truth
from workbench.errors import ArgumentError
from workbench.vocabulary import FloatArray, IntArray

__all__ = ["Truth", "synthetic"]

START = 1_640_995_200.0  # 2022-01-01
N_PERIODS, PERIOD = 24, 30.4375 * DAY
SPAN = N_PERIODS * PERIOD
N_TASTES = 12
CONCENTRATION, DRIFT, POPULAR = 0.1, 0.35, 0.15
DEVICES = ("laptop", "phone", "tv")
HOUR_OF_DEVICE = {"laptop": (14.0, 4.0), "phone": (9.0, 4.5), "tv": (20.5, 2.0)}
REGIONS = ("east", "north", "south", "west")
BLOCK_EVENTS, BLOCK_CELLS, ROUNDS = 200_000, 50_000_000, 40


def synthetic(
    n_users: int = 1000,
    n_items: int = 500,
    n_events: int = 50_000,
    seed: int = 0,
    bias: float = 0.0,
) -> Dataset:
    """A world that knows the truth about itself.

    - *People* are mixtures of 12 hidden tastes, few strong ones each, which drift while they
      stay. Age tilts the tastes; gender and region say nothing, unless a bias is planted.
    - *Items* belong to two tastes, which show in genres and title words, but not exactly; they
      differ in quality and in appeal, and two in five are released within the two years.
    - *What was shown* depends on taste, appeal, novelty, season, hour and device, with a bias to
      the popular and to the top of the page (``workbench.data.shows``). Everything that was
      looked at is rated once; showing it again leaves no event.
    - *Stars* follow ``truth.expected_value`` plus noise; 4 and 5 are relevant.

    **The planted bias** is against ``gender == "F"`` (45 % of the people): their tastes are
    ``(1 - bias) taste + bias / n_tastes``. At 0 gender plays no part anywhere; at 1 they have
    no tastes and nothing can be learnt from their histories. ``truth.gap(k)`` is what a perfect
    model would still show as a difference.

    Parameters
    ----------
    n_users, n_items : int
        At least 2 and 20. Ids count from 1.
    n_events : int
        At least 2 per person and at most a quarter of all pairs. The log never has more, and it
        has at least 99 % of them (people may have looked at everything they would be shown).
    seed : int
        Same arguments, same world. People and items do not depend on ``n_events``.
    bias : float
        Size of the planted disparity, 0 to 1.

    Returns
    -------
    Dataset
        Interactions have ``value`` (1 to 5), ``hour`` and ``device`` (context columns),
        ``position`` (1 to 10) and ``propensity``, the probability that a place of a page held
        this item at this position and was looked at. ``truth`` is a Truth.

    Raises
    ------
    ArgumentError
        A size or a bias that cannot work.
    """
    _check(n_users, n_items, n_events, seed, bias)
    items, traits, shows, quality, moods = _items(n_items, np.random.default_rng([seed, 1]))
    users, truth = _people(n_users, traits, quality, bias, np.random.default_rng([seed, 2]))
    counts = _activity(n_users, n_items, n_events, np.random.default_rng([seed, 3]))
    blocks = [
        _events(block, counts, truth, shows, moods, np.random.default_rng([seed, 4, number]))
        for number, block in enumerate(_blocks(counts, n_items))
    ]
    return Dataset(
        pl.concat(blocks),
        items,
        users,
        relevant_from=truth.relevant_from,
        name="synthetic",
        provenance={
            "source": f"workbench synthetic({n_users}, {n_items}, {n_events}, seed={seed}, "
            f"bias={bias})",
            "licence": "none needed: nobody in it exists",
        },
        context_columns=("hour", "device"),
        truth=truth,
    )


def _check(n_users: int, n_items: int, n_events: int, seed: int, bias: float) -> None:
    for name, size, least in (
        ("n_users", n_users, 2),
        ("n_items", n_items, 20),
        ("n_events", n_events, 2),
        ("seed", seed, 0),
    ):
        whole = isinstance(size, int | np.integer) and not isinstance(size, bool)
        if not whole or size < least:
            raise ArgumentError(f"{name} must be a whole number of at least {least}, not {size!r}")
    if not 2 * n_users <= n_events <= n_users * n_items // 4:
        raise ArgumentError(
            f"n_events must be from {2 * n_users} (2 per person) to {n_users * n_items // 4} "
            f"(a quarter of all pairs of {n_users} people and {n_items} items), not {n_events}"
        )
    if isinstance(bias, bool) or not isinstance(bias, int | float) or not 0 <= bias <= 1:
        raise ArgumentError(f"bias must be from 0 to 1, not {bias!r}")


def _items(
    n: int, rng: np.random.Generator
) -> tuple[pl.DataFrame, FloatArray, Shows, FloatArray, FloatArray]:
    """The items, their traits, how they are shown, their quality, and tastes by moment."""
    main = rng.permutation(np.arange(n) % N_TASTES)
    second = (main + rng.integers(1, N_TASTES, n)) % N_TASTES
    share = rng.uniform(0.6, 0.9, n)
    traits = np.zeros((n, N_TASTES), dtype=np.float32)
    traits[np.arange(n), main] = share
    traits[np.arange(n), second] = 1 - share
    quality = rng.normal(0, 0.4, n).astype(np.float32)
    appeal = np.exp(rng.normal(0, 0.9, n) + 0.5 * quality)
    years_old = rng.gamma(1.2, 8.0, n)
    new = rng.random(n) < 0.4
    released = np.where(new, START + rng.random(n) * SPAN, START - years_old * 365.25 * DAY)
    names = np.array(sorted(GENRES))
    of_taste = np.resize(rng.permutation(len(names)), N_TASTES)
    # One item in six is filed under a genre that has nothing to do with it.
    first = np.where(rng.random(n) < 1 / 6, rng.integers(0, len(names), n), of_taste[main])
    other = np.where(rng.random(n) < 0.6, of_taste[second], first)
    frame = pl.DataFrame(
        {
            ITEM: np.arange(1, n + 1),
            TITLE: invented_titles(names[first].tolist(), rng),
            GENRES_COLUMN: [
                sorted({one, two})
                for one, two in zip(names[first].tolist(), names[other].tolist(), strict=True)
            ],
            YEAR: 1970 + (released / (365.25 * DAY)).astype(np.int64),
        }
    )
    shows = Shows.of(
        start=START,
        length=PERIOD,
        n_periods=N_PERIODS,
        main=main,
        second=second,
        main_share=share,
        appeal=appeal,
        released=released,
        phase=rng.random(N_TASTES),
        popular=POPULAR,
    )
    # A factor on each taste for four parts of the day and each device.
    moods = np.exp(rng.normal(0, 0.6, (4 * len(DEVICES), N_TASTES))).astype(np.float32)
    return frame, traits, shows, quality, moods


def _people(
    n: int, traits: FloatArray, quality: FloatArray, bias: float, rng: np.random.Generator
) -> tuple[pl.DataFrame, Truth]:
    age = np.clip(np.round(14 + rng.gamma(4.0, 6.0, n)), 14, 90).astype(np.int64)
    gender = np.where(rng.random(n) < 0.45, "F", "M")
    region = np.array(REGIONS)[rng.integers(0, len(REGIONS), n)]
    around = np.arange(N_TASTES) / N_TASTES - np.minimum(age, 70)[:, None] / 70
    shape = CONCENTRATION * np.exp(0.8 * np.cos(2 * np.pi * around))
    first, change = (rng.gamma(shape) + 1e-6 for _ in range(2))
    first /= first.sum(axis=1, keepdims=True)
    change /= change.sum(axis=1, keepdims=True)
    last = (1 - DRIFT) * first + DRIFT * change
    disfavoured = gender == "F"
    blur = np.where(disfavoured, bias, 0.0)[:, None]
    first, last = ((1 - blur) * taste + blur / N_TASTES for taste in (first, last))
    since = START + rng.random(n) * 0.85 * SPAN
    until = np.minimum(since + 10 * DAY + rng.exponential(120 * DAY, n), START + SPAN)
    truth = Truth(
        first.astype(np.float32),
        last.astype(np.float32),
        since,
        until,
        traits,
        quality,
        rng.normal(0, 0.3, n).astype(np.float32),
        disfavoured,
        float(bias),
    )
    users = pl.DataFrame(
        {USER: np.arange(1, n + 1), "age": age, "gender": gender, "region": region}
    )
    return users, truth


def _activity(n_users: int, n_items: int, n_events: int, rng: np.random.Generator) -> IntArray:
    """Number of events of each person: a few at least, then log-normal, never too many."""
    mean, cap = n_events / n_users, max(2, n_items // 3)
    least = max(2, min(10, int(mean // 2)))
    eager = rng.lognormal(0, 0.9, n_users)
    counts = np.full(n_users, least)
    for _ in range(50):
        room = counts < cap
        left = n_events - counts.sum()
        if left <= 0:
            break
        share = np.where(room, eager, 0)
        exact = left * np.cumsum(share) / share.sum()
        # Differences of a rounded running sum add up to the whole, to the event.
        counts = np.minimum(counts + np.diff(np.round(exact), prepend=0).astype(np.int64), cap)
    return counts


def _blocks(counts: IntArray, n_items: int) -> Iterator[slice]:
    """Consecutive people, few enough that a block of them stays small."""
    people = max(1, BLOCK_CELLS // n_items)
    start, running = 0, np.concatenate([[0], np.cumsum(counts)])
    while start < len(counts):
        stop = int(np.searchsorted(running, running[start] + BLOCK_EVENTS, side="right")) - 1
        stop = min(max(stop, start + 1), start + people, len(counts))
        yield slice(start, stop)
        start = stop


def _events(
    block: slice,
    counts: IntArray,
    truth: Truth,
    shows: Shows,
    moods: FloatArray,
    rng: np.random.Generator,
) -> pl.DataFrame:
    """Events of some people."""
    count = counts[block]
    user = np.repeat(np.arange(block.start, block.stop), count)
    moment, hour, device = _moments(count, user, truth, rng)
    mood = moods[hour // 6 * len(DEVICES) + device]
    period = shows.period(moment)
    item = np.full(len(user), -1, dtype=np.int64)
    position = np.zeros(len(user), dtype=np.int64)
    chance = np.zeros(len(user), dtype=np.float64)
    match = np.zeros(len(user), dtype=np.float32)
    seen = np.zeros((len(count), len(shows.main)), dtype=bool)
    pending = np.arange(len(user))
    for _ in range(ROUNDS):
        taste = truth.taste(user[pending], moment[pending])
        wanted = taste * mood[pending]
        charts = shows.charts(wanted / wanted.sum(axis=1, keepdims=True))
        drawn, place, looked = shows.draw(charts, period[pending], rng)
        person = user[pending] - block.start
        good = np.flatnonzero(looked & ~seen[person, drawn])
        key = person[good] * seen.shape[1] + drawn[good]
        good = good[np.unique(key, return_index=True)[1]]
        seen[person[good], drawn[good]] = True
        to = pending[good]
        item[to], position[to] = drawn[good], place[good]
        chance[to] = shows.probability(charts[good], period[to], drawn[good], place[good])
        match[to] = (taste[good] * truth.traits[drawn[good]]).sum(axis=1)
        pending = np.delete(pending, good)
        if len(pending) == 0:
            break
    kept = np.flatnonzero(item >= 0)
    user, item = user[kept], item[kept]
    stars = CENTRE + MATCH * match[kept] + truth.quality[item] + truth.leniency[user]
    stars += rng.normal(0, NOISE, len(kept))
    return pl.DataFrame(
        {
            USER: user + 1,
            ITEM: item + 1,
            TIME: moment[kept],
            VALUE: np.clip(np.round(stars), 1, 5).astype(np.float64),
            "hour": hour[kept].astype(np.int8),
            "device": pl.Series(DEVICES).gather(device[kept]),
            "position": position[kept].astype(np.int8),
            "propensity": chance[kept].astype(np.float32),
        }
    )


def _moments(
    count: IntArray, user: IntArray, truth: Truth, rng: np.random.Generator
) -> tuple[NDArray[np.float64], IntArray, IntArray]:
    """When and on what: people come in sessions of some minutes on one device.

    Returns
    -------
    moment : (n_events,) float64
        Whole seconds, ascending within each session.
    hour, device : (n_events,) int64
    """
    length = np.repeat(rng.integers(3, 13, len(count)), count)
    place = np.arange(len(user)) - np.repeat(np.cumsum(count) - count, count)
    session = np.cumsum(place % length == 0) - 1
    n = int(session[-1]) + 1
    host = user[np.flatnonzero(place % length == 0)]
    day = truth.since[host] + rng.random(n) * (truth.until[host] - truth.since[host])
    device = rng.choice(len(DEVICES), n, p=(0.3, 0.4, 0.3))
    centre, spread = np.array([HOUR_OF_DEVICE[name] for name in DEVICES]).T
    clock = rng.normal(centre[device], spread[device]) % 24
    hour = np.minimum(clock.astype(np.int64), 23)  # -1e-17 % 24 is 24
    begin = np.floor(day / DAY) * DAY + np.floor(clock * 3600)
    step = rng.integers(20, 240, len(user))
    return begin[session] + place % length * 240 + step, hour[session], device[session]
