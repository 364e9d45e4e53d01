"""What features know of later events: nothing of the person's own, and where one moment cuts the
whole log, nothing of anybody's. Each check is seen to fail on a planted leak."""

from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

import workbench as wb
from workbench.features.catalogue import described
from workbench.features.pairs import Pairs
from workbench.features.standard import available
from workbench.features.tables import ItemTables
from workbench.ranking import lessons
from workbench.ranking.candidates import signals

MODELS = ("ease", "als", "session", "following", "trending", "content")
PERSONAL = ["context_hour_affinity", "gender_affinity", "price_distance", "brand_liked_share"]


def with_columns(log):
    """The world with a price and a brand of its items."""
    n = log.items.height
    items = log.items.with_columns(
        price=pl.Series(np.random.default_rng(0).lognormal(2.0, 0.5, n)),
        brand=pl.Series([f"brand {i % 7}" for i in range(n)]),
    )
    return log.replaced(log.interactions, items=items)


@pytest.fixture(scope="module")
def world():
    return with_columns(wb.load("synthetic", n_users=120, n_items=120, n_events=3_500, seed=4))


@pytest.fixture(scope="module")
def moment(world):
    return wb.split(world, "global-time").as_of


@pytest.fixture(scope="module")
def other(world, moment):
    """Another future: later events are of other items, values and devices."""
    return another_future(world, pl.col("timestamp") > moment)


def another_future(log, later):
    frame = log.interactions.with_row_index("place")
    future = frame.filter(later)
    turned = future.sort("timestamp").with_columns(
        pl.col("item_id").reverse(),
        value=6.0 - pl.col("value"),
        device=pl.col("device").reverse(),
    )
    kept = frame.filter(~later)
    changed = pl.concat([kept, turned.select(frame.columns)]).sort("place").drop("place")
    assert not changed.equals(log.interactions)
    return log.replaced(changed)


def peeking(log):
    """A feature that holds the whole log: later events included."""
    counts = log.relevant(log.interactions).group_by("item_id").len()
    earned = log.items.join(counts, "item_id", "left", maintain_order="left")["len"]

    @wb.feature(meaning="relevant events of the item, ever", as_of="world")
    def peek(pairs):
        return earned.fill_null(0).to_numpy()[pairs.item]

    return peek


def table(train, people, planted=None, tables=None, models=None):
    """Every available feature of a training window, for people and all items."""
    models = models or {name: wb.create(name).fit(train) for name in MODELS}
    features = available(train, list(models)) + ([planted] if planted else [])
    tables = tables or ItemTables.of(train, features)
    n = len(people.catalogue)
    row, item = np.repeat(np.arange(len(people)), n), np.tile(np.arange(n), len(people))
    pairs = Pairs(people, row, item, tables, signals(models, people), models)
    columns = {f.name: f.column(pairs) for f in features}
    return SimpleNamespace(features=features, tables=tables, models=models, columns=columns)


def differing(one, two):
    assert list(one.columns) == list(two.columns)
    return [
        name
        for name, column in one.columns.items()
        if not np.array_equal(column, two.columns[name], equal_nan=True)
    ]


def test_nobodys_later_events_are_known_where_one_moment_cuts_the_log(world, other, moment):
    tables = []
    for log in (world, other):
        cut = wb.split(log, "global-time")
        assert cut.as_of == moment
        people = cut.train.profiles(list(world.people.ids)[:25], as_of=moment)
        tables.append(table(cut.train, people, peeking(log)))
    assert {*PERSONAL, "trend_30_days", "ease_z", "als_cosine"} <= set(tables[0].columns)
    assert differing(*tables) == ["peek"]


def test_a_persons_later_events_are_never_known(world, other, moment):
    """The tables are of one window of other people; only the future of those asked differs."""
    ids = world.people.ids
    train = world.replaced(world.interactions.filter(~pl.col("user_id").is_in(ids[:25].implode())))
    fixed = table(train, train.profiles()[:1])
    one, two, late = (
        table(train, log.profiles(ids[:25].to_list(), as_of=at), None, fixed.tables, fixed.models)
        for log, at in ((world, moment), (other, moment), (other, None))
    )
    assert differing(one, two) == []
    assert {"history_length", "genres_liked", "ease_score"} <= set(differing(one, late))


def test_a_feature_of_the_world_knows_no_later_event_of_its_own_window(world):
    """The window goes on after the moment; what happens there is another, at the same times."""
    moment = world.interactions["timestamp"].quantile(0.4)
    tables = []
    for log in (world, another_future(world, pl.col("timestamp") > moment)):
        tables.append(table(log, log.profiles(list(log.people.ids)[:25], as_of=moment)))
    catalogue = described(tables[0].features)
    of_world = set(catalogue.filter(pl.col("as_of") == "world")["name"])
    assert len(of_world) >= 5
    changed = set(differing(*tables))
    assert not of_world & changed
    assert {"n_events", "mean_value", "ease_score", "brand_relevance"} <= changed


def test_a_table_of_the_log_is_no_table_of_the_world(world):
    """The check above finds one that says it is."""
    moment = world.interactions["timestamp"].quantile(0.4)
    tables = []
    for log in (world, another_future(world, pl.col("timestamp") > moment)):
        tables.append(table(log, log.profiles(as_of=moment)[:5], peeking(log)))
    assert "peek" in differing(*tables)


def learnt_by(log, planted, monkeypatch):
    """The lessons of an engine on a log."""
    kept = []
    gathered = lessons.gathered

    def keeping(*args, **kwargs):
        kept.append(gathered(*args, **kwargs))
        return kept[-1]

    with monkeypatch.context() as patch:
        patch.setattr(lessons, "gathered", keeping)
        engine = wb.Engine(
            {"ease": ("ease", {})},
            depth=20,
            features=["target mean", "context", "taste", planted],
            short_share=0.0,  # draws depend on who has labels
            n_trees=1,
        ).fit(log)
    (taught,) = kept
    return engine.ranker_.names, taught


def test_target_means_hold_no_label_of_the_lessons(world, monkeypatch):
    """Labels are of the later part of each person's events, tables of the earlier part."""
    cut = wb.split(world)
    keys = cut.test.select("user_id", "timestamp", pl.lit(True).alias("late"))
    marked = world.interactions.join(keys, ["user_id", "timestamp"], "left", maintain_order="left")
    shuffled = marked.with_columns(
        item_id=pl.when(pl.col("late"))
        .then(pl.col("item_id").shuffle(seed=1))
        .otherwise(pl.col("item_id"))
    ).drop("late")
    other = world.replaced(shuffled)
    # A shuffled item may have been met before, so that another event of the person comes first.
    assert wb.split(other).train.interactions.equals(cut.train.interactions)
    (names, one), (_, two) = (learnt_by(log, peeking(log), monkeypatch) for log in (world, other))
    both = np.intersect1d(one.person, two.person)
    assert len(both) > 50
    first, second = (t.matrix[np.isin(t.person, both)] for t in (one, two))
    labels = [t.relevant[np.isin(t.person, both)] for t in (one, two)]
    assert not np.array_equal(*labels)
    same = [np.array_equal(a, b, equal_nan=True) for a, b in zip(first.T, second.T, strict=True)]
    assert {"genres_relevance", "brand_demand", "context_device_affinity"} <= set(names)
    assert [name for name, equal in zip(names, same, strict=True) if not equal] == ["peek"]
