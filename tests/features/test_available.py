"""The features that come with the workbench: right by hand, found by name and by group."""

import numpy as np
import polars as pl
import pytest

import workbench as wb
from workbench.features.affinity import band_of, banded, log_lift
from workbench.features.context import hours, weekdays
from workbench.features.embeddings import DIMENSIONS, content_vectors
from workbench.features.pairs import Pairs
from workbench.features.standard import DEFAULT, FIXED, available, chosen, standard
from workbench.features.tables import ItemTables
from workbench.ranking.candidates import signals
from workbench.ranking.retrievers import RETRIEVERS

DAY = 86_400.0
MONDAY = 4 * DAY  # 1970-01-05

ITEMS = pl.DataFrame(
    {
        "item_id": [1, 2, 3, 4],
        "genres": [["a"], ["a", "b"], ["b"], []],
        "year": [1991, 1995, 2003, None],
        "brand": ["x", "x", "y", "y"],
        "price": [10.0, 20.0, None, 40.0],
    }
)
LOG = pl.DataFrame(
    {
        "user_id": [1, 1, 1, 2, 2, 3],
        "item_id": [1, 2, 3, 1, 4, 1],
        "value": [5.0, 1.0, 4.0, 4.0, 2.0, 1.0],
        "timestamp": [MONDAY, MONDAY + 1, MONDAY + 9 * 3600, MONDAY, MONDAY + 2, MONDAY + 3],
        "device": ["tv", "tv", "phone", "tv", "phone", "tv"],
    }
)
USERS = pl.DataFrame({"user_id": [1, 2, 3], "gender": ["F", "M", "M"], "age": [20, 40, None]})


@pytest.fixture(scope="module")
def log():
    return wb.Dataset.from_frames(LOG, ITEMS, USERS, relevant_from=4.0)


def columns(log, people=None, names=None):
    """Values of features for every person and item, ``(n_people, n_items)`` each."""
    features = [f for f in available(log) if names is None or f.name in names]
    people = log.profiles() if people is None else people
    n = log.n_items
    row, item = np.repeat(np.arange(len(people)), n), np.tile(np.arange(n), len(people))
    pairs = Pairs(people, row, item, ItemTables.of(log, features), {})
    return {f.name: f.column(pairs).reshape(len(people), n) for f in features}


def test_counts_of_a_list_and_of_a_category_by_hand(log):
    found = columns(log)
    # Person 1 met a, ab, b and liked the first and the last: two of each genre, one liked.
    np.testing.assert_allclose(np.expm1(found["genres_met"][0]), [2, 2, 2, np.nan], rtol=1e-6)
    np.testing.assert_allclose(np.expm1(found["genres_liked"][0]), [1, 1, 1, np.nan], rtol=1e-6)
    np.testing.assert_allclose(np.expm1(found["brand_met"][0]), [2, 2, 1, 1], rtol=1e-6)
    np.testing.assert_allclose(np.expm1(found["brand_met"][1]), [1, 1, 1, 1], rtol=1e-6)
    np.testing.assert_allclose(np.expm1(found["decade_met"][0]), [2, 2, 1, np.nan], rtol=1e-6)
    lately = np.exp(-np.array([2, 1, 0]) / 10)
    np.testing.assert_allclose(found["brand_lately"][0][[0, 2]], [lately[:2].sum(), 1], rtol=1e-6)
    share = (1 + 5 * 2 / 3) / (2 + 5)
    np.testing.assert_allclose(found["brand_liked_share"][0, 0], share, rtol=1e-6)


def test_entropy_is_zero_for_one_taste_and_log_n_for_n_equal_ones(log):
    people = wb.Profiles.of(
        [wb.Profile.of(items=[1]), wb.Profile.of(items=[1, 3]), wb.Profile()], log.catalogue
    )
    entropy = columns(log, people)["genres_entropy"][:, 0]
    np.testing.assert_allclose(entropy, [0, np.log(2), 0], atol=1e-7)


def test_the_distance_of_a_number_leaves_out_what_is_unknown(log):
    found = columns(log)
    np.testing.assert_allclose(found["price"][0], [10, 20, np.nan, 40])
    # Person 1 liked items 1 and 3; the price of 3 is unknown.
    np.testing.assert_allclose(found["price_distance"][0], [0, 10, np.nan, 30])
    w = np.exp(-np.array([2, 1]) / 10)
    own = (w * [10, 20]).sum() / w.sum()
    np.testing.assert_allclose(found["price_gap_lately"][0], [10 - own, 20 - own, np.nan, 40 - own])
    assert np.isnan(found["price_distance"][2]).all()  # nothing liked, nothing known


def test_target_means_are_shrunk_shares_of_the_window(log):
    found = columns(log)
    # brand x: items 1, 2 met 4 times, relevant twice; overall 3 of 6.
    share = (2 + 10 * 3 / 6) / (4 + 10)
    np.testing.assert_allclose(found["brand_relevance"][0, :2], share, rtol=1e-6)
    demand = np.log1p((2 + 10 * 3 / 4) / (2 + 10))
    np.testing.assert_allclose(found["brand_demand"][0, :2], demand, rtol=1e-6)
    np.testing.assert_allclose(found["genres_relevance"][0, 3], 0.5)  # no genre: the overall share


def test_one_hot_is_one_where_the_item_has_the_value(log):
    found = columns(log)
    np.testing.assert_array_equal(found["genres_is_a"][0], [1, 1, 0, 0])
    np.testing.assert_array_equal(found["genres_is_b"][1], [0, 1, 1, 0])
    np.testing.assert_array_equal(found["brand_is_x"][2], [1, 1, 0, 0])
    np.testing.assert_array_equal(found["decade_is_1990"][0], [1, 1, 0, 0])


def test_hours_and_weekdays_are_those_of_utc():
    from datetime import UTC, datetime

    moments = np.array([0.0, MONDAY, 1.7e9, 951_782_400.0])
    told = [datetime.fromtimestamp(t, UTC) for t in moments]
    np.testing.assert_allclose(
        hours(moments), [t.hour + t.minute / 60 + t.second / 3600 for t in told]
    )
    np.testing.assert_array_equal(weekdays(moments), [t.weekday() for t in told])


def test_the_lift_of_a_band_is_shrunk_to_nothing():
    lift = log_lift(np.array([[40.0, 0.0, 0.0], [0.0, 40.0, 0.0], [0.0, 0.0, 0.0]]))
    own = (40 + 20 * 0.5) / 60
    np.testing.assert_allclose(lift[0], [np.log(own / 0.5), np.log((1 - own) / 0.5), 0], rtol=1e-6)
    np.testing.assert_array_equal(lift[2], 0)
    assert (log_lift(np.zeros((2, 3))) == 0).all()


def test_context_is_the_moment_and_nothing_where_it_is_unknown(log):
    found = columns(log)
    # Item 1 was met on a tv only (3 of 4 tv events of 6); item 3 on a phone.
    tv = (3 + 20 * 4 / 6) / (3 + 20) / (4 / 6)
    np.testing.assert_allclose(found["context_device_affinity"][2, 0], np.log(tv), rtol=1e-5)
    assert found["context_device_affinity"][0, 2] > 0 > found["context_device_affinity"][2, 2]
    np.testing.assert_array_equal(found["context_device_is_phone"][:, 0], [1, 1, 0])
    np.testing.assert_allclose(found["moment_hour"][:, 0], [9, 2 / 3600, 3 / 3600], rtol=1e-5)
    assert (found["moment_weekday"] == 0).all()
    nobody = columns(log, wb.Profiles.of(wb.Profile(context={"as_of": MONDAY}), log.catalogue))
    strange = wb.Profile(context={"as_of": MONDAY, "device": "fridge"})
    other = columns(log, wb.Profiles.of(strange, log.catalogue))
    for unknown in (nobody, other):
        assert (unknown["context_device_affinity"] == 0).all()
        assert (unknown["context_device_is_tv"] == 0).all()


def test_a_column_of_one_name_in_both_tables_is_read_from_the_one_that_is_meant():
    users = USERS.with_columns(device=pl.Series(["phone", "phone", "tv"]))
    both = wb.Dataset.from_frames(LOG, ITEMS, users, relevant_from=4.0)
    person = wb.Profile(attributes={"device": "phone"}, context={"as_of": MONDAY, "device": "tv"})
    people = wb.Profiles.of(person, both.catalogue)
    found = columns(both, people)
    assert (found["context_device_is_tv"] == 1).all()
    assert (found["context_device_is_phone"] == 0).all()
    alone = columns(wb.Dataset.from_frames(LOG, ITEMS, USERS, relevant_from=4.0), people)
    name = "context_device_affinity"
    np.testing.assert_array_equal(found[name], alone[name])
    pairs = Pairs(people, np.zeros(1, int), np.zeros(1, int), ItemTables.of(both, []), {})
    said = [pairs.told("device", table)[0] for table in (None, "attributes", "context")]
    assert said == ["phone", "phone", "tv"]
    assert pairs.told("shop", "context").to_list() == [None]
    with pytest.raises(wb.ArgumentError, match="one of attributes, context or None, not 'users'"):
        pairs.told("device", "users")


def test_attributes_lift_what_people_like_them_liked(log):
    found = columns(log)
    # Three relevant events: items 1 and 3 by a woman, item 1 by a man.
    woman = (1 + 20 * 2 / 3) / (2 + 20) / (2 / 3)
    np.testing.assert_allclose(found["gender_affinity"][0, 0], np.log(woman), rtol=1e-5)
    assert found["gender_affinity"][0, 2] > 0 > found["gender_affinity"][1, 2]
    assert (found["gender_affinity"][:, 3] == 0).all()
    assert (found["age_affinity"][2] == 0).all()  # an unknown age
    assert found["gender_genres_affinity"][0, 2] > 0


def test_bands_are_values_of_a_text_and_quantiles_of_a_number():
    assert banded(pl.Series(["b", "a", None])) == {"values": ["a", "b"]}
    assert banded(pl.Series(["a", "a"])) is None
    assert banded(pl.Series([str(i) for i in range(99)])) is None
    many = pl.Series(np.arange(1000.0))
    bands = banded(many)
    assert len(bands["edges"]) == 8
    counts = np.bincount(band_of(many, bands))
    assert counts.min() > 120
    few = {"edges": np.array([1.0, 5.0])}
    probe = pl.Series([0.0, 1.0, 4.9, 5.0, 99.0, None, float("nan")])
    assert band_of(probe, few).tolist() == [0, 0, 0, 1, 1, -1, -1]
    assert band_of(pl.Series(["5", "x"]), few).tolist() == [1, -1]
    assert band_of(pl.Series([None, None]), {"values": ["a"]}).tolist() == [-1, -1]
    assert band_of(pl.Series(["a"]), {"values": []}).tolist() == [-1]


def test_content_vectors_are_the_svd_of_what_items_are():
    from workbench.features.items import item_vectors

    world = wb.load("synthetic", n_users=60, n_items=90, n_events=1000, seed=1)
    vectors = content_vectors(world)
    assert vectors.shape == (90, DIMENSIONS)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)
    np.testing.assert_array_equal(vectors, content_vectors(world))
    whole = item_vectors(world.items).matrix.toarray().astype(float)
    left, size, _ = np.linalg.svd(whole, full_matrices=False)
    exact = (left * size)[:, :DIMENSIONS]
    exact /= np.linalg.norm(exact, axis=1, keepdims=True)
    np.testing.assert_allclose(vectors @ vectors.T, exact @ exact.T, atol=1e-5)


def test_a_catalogue_of_few_items_has_content_vectors_too(log):
    vectors = content_vectors(log)
    assert vectors.shape == (4, DIMENSIONS)
    assert np.isfinite(vectors).all()
    assert (vectors[:, 4:] == 0).all()


def test_als_features_do_not_change_when_its_vectors_are_turned():
    """Another training window may turn and mirror them."""
    world = wb.load("synthetic", n_users=60, n_items=90, n_events=1000, seed=1)
    models = {"als": wb.create("als", n_factors=8).fit(world)}
    people = world.profiles()[:6]
    row, item = np.repeat(np.arange(6), 90), np.tile(np.arange(90), 6)
    features = [f for f in available(world, ["als"]) if f.name.startswith("als_")]
    own = [f for f in features if f.group == "embedding"]
    assert len(own) == 4

    def values():
        pairs = Pairs(people, row, item, ItemTables.of(world), signals(models, people), models)
        return np.stack([f.column(pairs) for f in own])

    before = values()
    als = models["als"]
    turn, _ = np.linalg.qr(np.random.default_rng(0).standard_normal((8, 8)))
    als.factors_ = np.ascontiguousarray(als.factors_ @ turn, dtype=np.float32)
    als.base_ = als._base()
    np.testing.assert_allclose(values(), before, atol=1e-4)
    assert before.std(axis=1).min() > 1e-3


def test_a_retriever_called_als_that_has_no_vectors_is_refused_in_words(log):
    feature = next(f for f in available(log, ["als"]) if f.name == "als_cosine")
    pairs = Pairs(log.profiles(), np.array([0]), np.array([0]), ItemTables.of(log), {})
    with pytest.raises(wb.ArgumentError, match="retriever 'als' has no vectors"):
        feature.column(pairs)


def test_a_row_is_the_same_alone_and_in_any_batch():
    world = wb.load("synthetic", n_users=60, n_items=90, n_events=1000, seed=1)
    models = {"als": wb.create("als", n_factors=8).fit(world)}
    features = available(world, ["als"])
    tables = ItemTables.of(world, features)

    def table(people):
        row, item = np.repeat(np.arange(len(people)), 90), np.tile(np.arange(90), len(people))
        pairs = Pairs(people, row, item, tables, signals(models, people), models)
        return np.stack([f.column(pairs).reshape(-1, 90) for f in features])

    people = world.profiles()[:30]
    whole = table(people)
    for i in (0, 13, 29):
        np.testing.assert_array_equal(table(people[i : i + 1])[:, 0], whole[:, i])
    np.testing.assert_array_equal(table(people[[7, 3, 7]]), whole[:, [7, 3, 7]])


# --- by name and by group ----------------------------------------------------------------------


def test_what_is_read_unasked_comes_first_and_names_are_unique(log):
    labels = list(RETRIEVERS)
    names = [f.name for f in available(log, labels)]
    unasked = [f.name for f in standard(log, labels)]
    assert names[: len(unasked)] == unasked
    assert len(set(names)) == len(names)
    assert not set(names) & {f.group for f in available(log, labels)}
    assert set(DEFAULT) <= {f.name for f in FIXED}
    assert all(f.meaning and f.unit and f.source for f in available(log, labels))


def test_a_log_without_time_values_or_items_has_fewer_features():
    bare = wb.Dataset.from_frames(LOG.select("user_id", "item_id"))
    names = {f.name for f in available(bare)}
    assert names == {f.name for f in available(bare) if f.needs <= bare.has}
    assert {"n_events", "history_length"} <= names
    assert not {"trend_7_days", "moment_hour", "mean_value", "genres_met", "content_svd_0"} & names


def test_features_are_asked_for_by_name_and_by_group(log):
    unasked = [f.name for f in chosen(log, [])]
    assert "genres_entropy" not in unasked
    assert [f.name for f in chosen(log, [], ["genres_entropy"])] == [*unasked, "genres_entropy"]
    assert [f.name for f in chosen(log, [], ["n_events"])] == unasked
    grouped = {f.name for f in chosen(log, [], ["context"])} - set(unasked)
    assert grouped == {f.name for f in available(log) if f.group == "context"}
    with pytest.raises(wb.ArgumentError, match=r"'genre_met' is no feature .* 'genres_met'"):
        chosen(log, [], ["genre_met"])


def test_a_column_whose_features_have_taken_names_gets_others():
    items = ITEMS.with_columns(n_events=pl.Series([1.0, 2.0, 3.0, 4.0]))
    log = wb.Dataset.from_frames(LOG, items, relevant_from=4.0)
    found = columns(log)
    np.testing.assert_array_equal(found["item_n_events"][0], [1, 2, 3, 4])
    np.testing.assert_allclose(np.expm1(found["n_events"][0]), [3, 1, 1, 1], rtol=1e-6)


def test_texts_that_are_names_or_stories_are_no_values():
    items = ITEMS.with_columns(
        plot=pl.Series(["one", "two", "three", "four"]), title=pl.Series(["s", "s", "t", "t"])
    )
    names = {f.name for f in available(wb.Dataset.from_frames(LOG, items, relevant_from=4.0))}
    assert not {"plot_met", "title_met"} & names
    assert {"brand_met", "genres_met", "decade_met", "price_distance"} <= names


def test_an_engine_with_features_by_name_is_loaded_with_them(tmp_path):
    world = wb.load("synthetic", n_users=150, n_items=160, n_events=5_000, seed=2)
    asked = ["context", "decade_met", "genres_is_Drama", "content_svd_liking", "als_cosine"]
    engine = wb.Engine(features=asked, n_trees=5, depth=20).fit(world)
    assert {"moment_hour", "context_device_is_tv", "als_cosine"} <= set(engine.ranker_.names)
    assert engine.uses == {"as_of", "hour", "device"}
    assert engine.sensitive_ == []
    engine.save(tmp_path / "e")
    loaded = wb.Engine.load(tmp_path / "e")
    assert loaded.uses == engine.uses
    assert loaded.params() == engine.params()
    people = world.profiles()[:9]
    np.testing.assert_array_equal(loaded.score(people), engine.score(people))
    assert wb.feature_catalogue(loaded).equals(wb.feature_catalogue(engine))
    # The moment matters now.
    profile = people[0]
    devices = [
        wb.features(engine, wb.Profile(profile.history, {}, {**profile.context, "device": d}))
        for d in ("tv", "phone")
    ]
    assert not devices[0]["context_device_affinity"].equals(devices[1]["context_device_affinity"])
