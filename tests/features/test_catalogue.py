"""Features: the public door, a feature of one's own, and what they may know of later events."""

import numpy as np
import polars as pl
import pytest

import workbench as wb

WORLD = {"n_users": 150, "n_items": 160, "n_events": 5_000, "seed": 2}


@wb.feature(group="freshness", meaning="years since 1980", unit="years", source="items.year")
def since_1980(pairs):
    return pairs.frame["year"] - 1980


@wb.feature(group="taste", meaning="share of the history of the same first genre", unit="share")
def same_first_genre(pairs):
    own = pairs.history.select("row", pl.col("genres").list.first().alias("first"))
    counts = own.group_by("row", "first").len("same")
    total = own.group_by("row").len("all")
    return (
        pairs.frame.select("row", pl.col("genres").list.first().alias("first"))
        .join(counts, on=["row", "first"], how="left", maintain_order="left")
        .join(total, on="row", how="left", maintain_order="left")
        .select(pl.col("same").fill_null(0) / pl.col("all"))
        .to_series()
    )


@pytest.fixture(scope="module")
def world():
    return wb.load("synthetic", **WORLD)


@pytest.fixture(scope="module")
def engine(world):
    return wb.Engine(features=[since_1980, same_first_genre], n_trees=20, depth=30).fit(world)


def test_the_catalogue_describes_every_column_of_the_table(engine, world):
    catalogue = wb.feature_catalogue(engine)
    table = wb.features(engine, world.profiles()[:3], world.catalogue.take([0, 5]))
    assert table.columns == ["row", "item_id", *catalogue["name"]]
    assert table.height == 6
    assert table["row"].to_list() == [0, 0, 1, 1, 2, 2]
    assert catalogue.null_count().sum_horizontal().item() == 0
    said = catalogue.select("name", "group", "meaning", "as_of")
    assert said.select(pl.all_horizontal(pl.all().str.len_chars() > 0)).to_series().all()
    assert set(catalogue["as_of"]) == {"person", "world"}


def test_a_feature_of_ones_own_reaches_the_ranker(engine, world):
    table = wb.features(engine, world.profiles()[:2])
    years = world.items["year"].to_numpy()
    np.testing.assert_allclose(table["since_1980"].head(160), years - 1980)
    assert table["same_first_genre"].is_between(0, 1).all()
    why = wb.explain(engine, world.profiles()[0], world.catalogue.id(3))
    assert {"since_1980", "same_first_genre"} <= set(why.features["name"])


def test_an_engine_with_own_features_is_loaded_with_them(engine, world, tmp_path):
    engine.save(tmp_path / "e")
    with pytest.raises(wb.ArgumentError, match=r"made with \['since_1980', 'same_first_genre'\]"):
        wb.Engine.load(tmp_path / "e")
    loaded = wb.Engine.load(tmp_path / "e", features=[since_1980, same_first_genre])
    people = world.profiles()[:9]
    np.testing.assert_array_equal(loaded.score(people), engine.score(people))


def test_a_wrong_feature_is_refused_in_words(world):
    @wb.feature()
    def short(pairs):
        return np.zeros(3)

    @wb.feature()
    def endless(pairs):
        return np.full(len(pairs), np.inf)

    @wb.feature()
    def year(pairs):
        return np.zeros(len(pairs))

    for bad, words in ((short, "one value per row"), (endless, "infinite"), (year, "is taken")):
        with pytest.raises(wb.ArgumentError, match=words):
            wb.Engine(features=[bad], n_trees=2).fit(world)
    with pytest.raises(wb.ArgumentError, match="is no Feature"):
        wb.Engine(features=[lambda pairs: 0])
    with pytest.raises(wb.ArgumentError, match="with parentheses"):
        wb.feature(lambda pairs: 0)


def test_a_persons_later_events_are_never_seen(engine, world):
    """Person as-of: the features of a moment are those of the person who stopped there."""
    profile = max(world.profiles(), key=len)
    moment = profile.history[len(profile) // 2].timestamp
    assert moment < profile.as_of
    then = profile.at(moment)
    stopped = wb.Profile(then.history, profile.attributes, then.context)
    items = world.catalogue.take([1, 2, 50])
    assert wb.features(engine, then, items).equals(wb.features(engine, stopped, items))
    later = wb.features(engine, profile, items)
    assert not wb.features(engine, then, items).equals(later)


def test_features_of_the_world_as_of_ignore_anybodys_later_events(world):
    """World as-of: another future of the log changes no value at an earlier moment."""
    times = world.interactions["timestamp"]
    moment = times.quantile(0.5)
    profile = wb.Profile(context={"as_of": moment})
    future = world.interactions.filter(times > moment)
    other = world.replaced(
        pl.concat([world.interactions.filter(times <= moment), future.sample(fraction=0.3, seed=1)])
    )
    tables = []
    for log in (world, other):
        engine = wb.Engine(retrievers={"trending": ("trending", {})}, n_trees=2).fit(log)
        names = wb.feature_catalogue(engine).filter(pl.col("as_of") == "world")["name"].to_list()
        tables.append(wb.features(engine, profile).select(names))
    assert tables[0].width >= 2
    # The edges of the two logs differ, so counts may be older by the width of one edge.
    held = [t["events_30_days"].to_numpy() for t in tables]
    counts = [np.expm1(h) for h in held]
    days = times.filter((times <= moment) & (times > moment - 30 * 86_400)).len()
    assert abs(counts[0].sum() - days) <= 0.02 * world.n_events
    assert abs(counts[1].sum() - days) <= 0.02 * world.n_events


def test_a_feature_sees_the_weight_of_each_event(world):
    @wb.feature()
    def counted(pairs):
        totals = pairs.history.group_by("row").agg(pl.col("weight").sum())
        return (
            pairs.frame.select("row")
            .join(totals, on="row", how="left", maintain_order="left")["weight"]
            .fill_null(0)
        )

    engine = wb.Engine(features=[counted], n_trees=2, depth=20).fit(world)
    profile = world.profiles()[0]
    item = world.catalogue.take([0])
    whole = wb.features(engine, profile, item)["counted"][0]
    silent = profile.reweighted(profile.items[0], 0.0)
    assert whole == len(profile.items)
    assert wb.features(engine, silent, item)["counted"][0] == whole - 1
