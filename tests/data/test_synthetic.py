"""The synthetic world: its log follows its truth, and the planted bias is what it says."""

import numpy as np
import polars as pl
import pytest
from scipy.stats import chisquare

from workbench.data.shows import N_POSITIONS
from workbench.data.split import split
from workbench.data.synthetic import _items, synthetic
from workbench.data.titles import GENRES, invented_titles
from workbench.errors import ArgumentError
from workbench.ranking.recommend import recommend
from workbench.ranking.registry import create


@pytest.fixture(scope="module")
def world():
    return synthetic(600, 300, 24_000, seed=3)


def codes(dataset):
    log = dataset.interactions
    return dataset.people.codes(log["user_id"]), dataset.catalogue.codes(log["item_id"])


def at_each_event(world, law):
    """A law of (person, item) at each event, ``(n_events,)``."""
    users, items = codes(world)
    moments = world.interactions["timestamp"].to_numpy()
    return np.concatenate(
        [
            law(users[i : i + 1], items[i : i + 1], moments[i : i + 1])[0]
            for i in range(0, len(users), 4)
        ]
    )


def recall(dataset, name):
    """Recall@10 of each person asked about (of at most 10), and who they are."""
    parted = split(dataset)
    people, relevant = parted.people()[1], parted.relevant_matrix().toarray()
    shown = recommend(create(name).fit(parted.train), people, 10).frame
    hits = relevant[shown["row"].to_numpy(), dataset.catalogue.codes(shown["item_id"])]
    found = np.bincount(shown["row"].to_numpy(), hits, minlength=len(people))
    return found / np.minimum(relevant.sum(axis=1), 10), parted.people()[0]


# --- size and sameness ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "seed"),
    [((1000, 500, 50_000), 0), ((2, 20, 10), 1), ((50, 40, 500), 2), ((300, 2000, 600), 3)],
)
def test_nearly_as_many_events_as_asked_and_never_more(size, seed):
    dataset = synthetic(*size, seed=seed)
    assert 0.99 * size[2] <= dataset.n_events <= size[2]
    assert (dataset.n_users, dataset.n_items) == size[:2]
    assert not dataset.interactions.select("user_id", "item_id").is_duplicated().any()
    assert dataset.interactions.group_by("user_id").len()["len"].min() >= 1


def test_same_arguments_same_world():
    one, two = (synthetic(60, 40, 500, seed=4, bias=0.2) for _ in range(2))
    assert one.fingerprint == two.fingerprint
    assert one.interactions.equals(two.interactions)
    assert one.fingerprint != synthetic(60, 40, 500, seed=5, bias=0.2).fingerprint


def test_blocks_change_nothing_but_the_draws(monkeypatch):
    whole = synthetic(60, 40, 500)
    monkeypatch.setattr("workbench.data.synthetic.BLOCK_EVENTS", 90)
    parts = synthetic(60, 40, 500)
    assert parts.items.equals(whole.items)
    assert parts.users.equals(whole.users)
    assert 495 <= parts.n_events <= 500


def test_people_and_items_do_not_depend_on_the_number_of_events():
    one, two = synthetic(60, 40, 300), synthetic(60, 40, 600)
    assert one.users.equals(two.users)
    assert one.items.equals(two.items)
    assert np.array_equal(one.truth.relevance([3]), two.truth.relevance([3]))


# --- what is in it --------------------------------------------------------------------------


def test_columns_and_their_ranges(world):
    log = world.interactions
    assert set(log["value"].unique()) == {1.0, 2.0, 3.0, 4.0, 5.0}
    assert log["value"].dtype == pl.Float64
    assert 0.3 < (log["value"] >= 4).mean() < 0.7
    assert (log["timestamp"] % 1 == 0).all()
    assert log["hour"].is_between(0, 23).all()
    assert log["position"].is_between(1, N_POSITIONS).all()
    assert log["propensity"].is_between(0, 1, closed="none").all()
    assert world.context_columns == ("hour", "device")
    assert set(world.profiles().context["device"]) == {"laptop", "phone", "tv"}
    assert world.users.columns == ["user_id", "age", "gender", "region"]
    assert world.items["title"].n_unique() == world.n_items
    assert set(world.items["genres"].explode()) <= set(GENRES)
    for table in (log, world.items, world.users):
        assert table.null_count().sum_horizontal().item() == 0


def test_evening_is_for_the_television(world):
    by_device = dict(world.interactions.group_by("device").agg(pl.col("hour").mean()).iter_rows())
    assert by_device["tv"] > by_device["laptop"] > by_device["phone"]


def test_titles_are_distinct_and_speak_of_their_genre():
    titles = invented_titles(["War"] * 3000, np.random.default_rng(0))
    assert len(set(titles)) == 3000
    speaking = [any(word in title for word in GENRES["War"]) for title in titles]
    assert np.mean(speaking) > 0.8


# --- the log follows the truth --------------------------------------------------------------


def test_relevance_is_calibrated(world):
    expected = at_each_event(world, world.truth.relevance)
    happened = (world.interactions["value"] >= 4).to_numpy()[::4]
    for low in np.arange(0, 1, 0.2):
        part = (expected >= low) & (expected < low + 0.2)
        error = 4 * np.sqrt(0.25 / part.sum())
        assert happened[part].mean() == pytest.approx(expected[part].mean(), abs=error)


def test_expected_stars_are_right_on_average(world):
    middle = (expected := at_each_event(world, world.truth.expected_value)).clip(1, 5)
    stars = world.interactions["value"].to_numpy()[::4]
    inside = (expected > 2) & (expected < 4)
    assert stars[inside].mean() == pytest.approx(middle[inside].mean(), abs=0.05)


def test_relevance_of_some_is_that_part_of_all(world):
    everything = world.truth.relevance(np.arange(world.n_users))
    assert everything.dtype == np.float32
    assert everything.shape == (600, 300)
    part = world.truth.relevance(np.array([5, 2]), np.array([7, 0, 9]))
    np.testing.assert_allclose(part, everything[[5, 2]][:, [7, 0, 9]], atol=1e-6)


def test_tastes_move_from_first_to_last(world):
    truth, who = world.truth, np.arange(10)
    np.testing.assert_allclose(truth.taste(who, 0.0), truth.taste_first[:10])
    np.testing.assert_allclose(truth.taste(who, truth.until[:10]), truth.taste(who), atol=1e-6)
    halfway = truth.taste(who, (truth.since[:10] + truth.until[:10]) / 2)
    np.testing.assert_allclose(
        halfway, (truth.taste_first[:10] + truth.taste_last[:10]) / 2, atol=1e-5
    )
    np.testing.assert_allclose(halfway.sum(axis=1), 1, atol=1e-5)


def test_propensities_are_how_often_it_happens():
    shows = _items(20, np.random.default_rng(0))[2]
    rng = np.random.default_rng(1)
    n = 400_000
    taste = rng.dirichlet(np.full(shows.n_tastes, 0.3)).astype(np.float32)
    charts = np.repeat(shows.charts(taste[None]), n, axis=0)
    item, position, looked = shows.draw(charts, np.full(n, 7), rng)
    cells = np.bincount(item[looked] * 10 + position[looked] - 1, minlength=200)
    items, positions = np.divmod(np.arange(200), 10)
    chance = shows.probability(charts[:200], np.full(200, 7), items, positions + 1)
    observed, expected = np.append(cells, n - cells.sum()), np.append(chance, 1 - chance.sum()) * n
    common = expected > 5
    scale = observed[common].sum() / expected[common].sum()
    assert scale == pytest.approx(1, abs=1e-3)
    assert chisquare(observed[common], expected[common] * scale).pvalue > 1e-3


def test_the_page_favours_the_top_and_the_popular(world):
    places = world.interactions["position"].value_counts().sort("position")["count"].to_list()
    assert places[0] > 2 * places[-1]
    shown = np.sort(np.bincount(codes(world)[1], minlength=300))[::-1]
    assert shown[:60].sum() > 0.35 * shown.sum()


def test_items_are_hardly_seen_before_their_release(world):
    log = world.interactions.join(world.items.select("item_id", "year"), on="item_id")
    year = pl.from_epoch(pl.col("timestamp").cast(pl.Int64)).dt.year()
    assert log.select((year < pl.col("year")).mean()).item() < 0.01


# --- there is something to learn, and something to find -------------------------------------


def test_a_personal_model_is_clearly_better_than_popularity(world):
    personal, popular = recall(world, "ease")[0].mean(), recall(world, "popularity")[0].mean()
    assert personal > 1.4 * popular


def test_without_bias_gender_plays_no_part(world):
    assert not world.truth.bias
    assert abs(world.truth.gap()) < 0.03
    plain = synthetic(600, 300, 24_000, seed=3, bias=0)
    assert plain.interactions.equals(world.interactions)
    gender = world.users["gender"].to_numpy()
    assert 0.38 < (gender == "F").mean() < 0.52
    assert np.array_equal(world.truth.disfavoured, gender == "F")


def test_the_true_gap_grows_with_the_bias():
    gaps = [synthetic(600, 300, 2400, seed=3, bias=bias).truth.gap() for bias in (0.0, 0.4, 0.8)]
    assert gaps[0] + 0.03 < gaps[1]
    assert gaps[1] + 0.02 < gaps[2]


@pytest.mark.parametrize("bias", [0.0, 0.8])
def test_a_model_serves_the_disfavoured_worse_and_only_them(bias):
    biased = synthetic(seed=0, bias=bias)
    rate, ids = recall(biased, "ease")
    hurt = biased.truth.disfavoured[biased.people.codes(ids)]
    error = rate.std() * np.sqrt(1 / hurt.sum() + 1 / (~hurt).sum())
    difference = (rate[~hurt].mean() - rate[hurt].mean()) / error
    assert difference > 3.5 if bias else abs(difference) < 3


def test_the_bias_is_a_blur_of_the_tastes():
    plain, biased = (synthetic(60, 40, 500, bias=bias).truth for bias in (0.0, 0.25))
    hurt = plain.disfavoured
    assert np.array_equal(plain.taste_last[~hurt], biased.taste_last[~hurt])
    np.testing.assert_allclose(
        biased.taste_last[hurt], 0.75 * plain.taste_last[hurt] + 0.25 / 12, atol=1e-6
    )
    assert "bias=0.25 against gender='F'" in repr(biased)


# --- refusals -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_users": 1}, "n_users must be a whole number of at least 2, not 1"),
        ({"n_items": 19}, "n_items must be a whole number of at least 20, not 19"),
        ({"n_events": 1e4}, r"n_events must be a whole number of at least 2, not 10000\.0"),
        ({"seed": -1}, "seed must be a whole number of at least 0, not -1"),
        ({"n_events": 1999}, r"n_events must be from 2000 \(2 per person\) to 125000"),
        ({"n_events": 125_001}, r"\(a quarter of all pairs of 1000 people and 500 items\)"),
        ({"bias": 1.5}, "bias must be from 0 to 1, not 1.5"),
        ({"bias": True}, "bias must be from 0 to 1, not True"),
        ({"bias": float("nan")}, "bias must be from 0 to 1, not nan"),
    ],
)
def test_arguments_that_cannot_work_are_refused(arguments, message):
    with pytest.raises(ArgumentError, match=message):
        synthetic(**arguments)


def test_titles_have_the_article_that_is_spoken():
    titles = invented_titles(["War", "Adventure", "Crime"] * 1000, np.random.default_rng(0))
    articles = [title.split()[:2] for title in titles if title.startswith(("A ", "An "))]
    assert ["An", "Armistice"] in articles
    assert all((first == "An") == (noun[0] in "AEIOU") for first, noun in articles)
