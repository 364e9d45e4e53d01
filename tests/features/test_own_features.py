"""Features of one's own: bad ones are refused by name before anything is trained."""

import numpy as np
import polars as pl
import pytest

import workbench as wb

SMALL = {"retrievers": {"ease": ("ease", {})}, "n_trees": 2, "depth": 20}


@pytest.fixture(scope="module")
def world():
    return wb.load("synthetic", n_users=150, n_items=160, n_events=5_000, seed=2)


def made(value):
    @wb.feature("mine")
    def mine(pairs):
        return value(pairs)

    return mine


def boom(pairs):
    raise KeyError("director")


BAD = {
    "short": (lambda p: np.zeros(3), r"'mine' returned shape \(3,\) for \d+ pairs"),
    "one": (lambda p: 1.0, r"returned shape \(\) for"),
    "wide": (lambda p: np.zeros((len(p), 2)), "return one value per row"),
    "endless": (lambda p: np.full(len(p), np.inf), "infinite somewhere; use NaN"),
    "huge": (lambda p: np.full(len(p), 1e300), "infinite somewhere"),
    "raising": (boom, "'mine' raised KeyError: 'director'"),
    "text": (lambda p: np.array(["1"] * len(p)), "'mine' returned <U1; return numbers"),
    "titles": (lambda p: p.frame["title"], "'mine' returned a column of String; return numbers"),
    "dates": (lambda p: np.zeros(len(p), "datetime64[s]"), r"returned datetime64\[s\]"),
    "complex": (lambda p: np.zeros(len(p), complex), "returned complex128"),
    "objects": (lambda p: [object()] * len(p), "'mine' returned what is no number"),
    "nothing": (lambda p: None, r"returned shape \(\)"),
    "history": (lambda p: p.history["year"].head(1)[0] + np.zeros(len(p)), "without history"),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_feature_is_refused_before_anything_is_trained(world, kind):
    value, words = BAD[kind]
    engine = wb.Engine(features=[made(value)], **SMALL)
    heard = []
    engine.progress = heard.append
    with pytest.raises(wb.ArgumentError, match=words):
        engine.fit(world)
    with pytest.raises(wb.ArgumentError, match=words):
        engine.check_log(world)
    assert heard == []


@pytest.mark.parametrize(
    "value",
    [
        lambda p: np.arange(len(p)),
        lambda p: p.frame["year"] > 2000,
        lambda p: [None, *range(1, len(p))],
        lambda p: pl.Series([None] * len(p)),
        lambda p: np.zeros(len(p), dtype=bool),
        lambda p: p.frame["year"].to_pandas(),
    ],
)
def test_numbers_of_any_kind_are_columns(world, value):
    engine = wb.Engine(features=[made(value)], **SMALL).fit(world)
    assert wb.features(engine, wb.Profile())["mine"].dtype == pl.Float32


def test_names_that_are_taken_are_refused_before_training(world):
    for name in ("n_events", "genres_met", "ease_score", "content_svd_3"):
        own = wb.feature(name)(lambda pairs: np.zeros(len(pairs)))
        with pytest.raises(wb.ArgumentError, match=f"the name '{name}' is taken"):
            wb.Engine(features=[own], **SMALL).fit(world)
    one, two = made(len), made(len)
    with pytest.raises(wb.ArgumentError, match="'mine' is there twice"):
        wb.Engine(features=[one, two])
    with pytest.raises(wb.ArgumentError, match="'context' is there twice"):
        wb.Engine(features=["context", "context"])
    with pytest.raises(wb.ArgumentError, match=r"must be a list, not the text 'year'"):
        wb.Engine(features="year")
    with pytest.raises(wb.ArgumentError, match="is no Feature; decorate it"):
        wb.Engine(features=[len])
    with pytest.raises(wb.ArgumentError, match="did you mean 'genres_met'"):
        wb.Engine(features=["genres_mett"], **SMALL).fit(world)


def mean_price(dataset):
    """Mean value of the items of each year."""
    mean = dataset.interactions.group_by("item_id").agg(pl.col("value").mean().alias("mean"))
    return dataset.items.join(mean, "item_id", "left", maintain_order="left")["mean"]


@wb.feature(meaning="mean value of the item", learns=[mean_price])
def learnt_mean(pairs):
    return pairs.learnt(mean_price)[pairs.item]


def test_what_a_feature_learns_is_of_the_training_window_and_saved(world, tmp_path):
    cut = wb.split(world)
    engine = wb.Engine(features=[learnt_mean], **SMALL).fit(cut.train)
    table = wb.features(engine, wb.Profile())
    expected = mean_price(cut.train).cast(pl.Float32).fill_null(float("nan"))
    np.testing.assert_array_equal(table["learnt_mean"], expected)
    assert not expected.equals(mean_price(world).cast(pl.Float32))
    engine.save(tmp_path / "e")
    loaded = wb.Engine.load(tmp_path / "e", features=[learnt_mean])
    assert wb.features(loaded, wb.Profile()).equals(table)
    with pytest.raises(wb.ArgumentError, match=r"made with \['learnt_mean'\]"):
        wb.Engine.load(tmp_path / "e")


def test_own_and_available_features_are_loaded_in_their_order(world, tmp_path):
    engine = wb.Engine(features=["decade_met", learnt_mean, "genres_met"], **SMALL).fit(world)
    assert engine.ranker_.names[-3:] == ["decade_met", "learnt_mean", "genres_met"]
    engine.save(tmp_path / "e")
    loaded = wb.Engine.load(tmp_path / "e", features=[learnt_mean])
    people = world.profiles()[:5]
    np.testing.assert_array_equal(loaded.score(people), engine.score(people))


def test_what_cannot_be_learnt_is_refused_before_training(world):
    def broken(dataset):
        return dataset.users["gender"]

    @wb.feature(learns=[broken])
    def sly(pairs):
        return pairs.learnt(broken)[pairs.row]

    with pytest.raises(wb.ArgumentError, match="what features 'sly' learn raised ColumnNotFound"):
        wb.Engine(features=[sly], **SMALL).fit(world)
    for bad in (lambda dataset: 1, "mean", 3, (mean_price, 3)):
        with pytest.raises(wb.ArgumentError, match="must be a function that was made by def"):
            wb.feature(learns=[bad])
    with pytest.raises(wb.ArgumentError, match="learns must be a list"):
        wb.feature(learns=mean_price)


def test_arguments_of_the_decorator_that_cannot_work_are_refused():
    with pytest.raises(wb.ArgumentError, match="as_of must be 'person' or 'world'"):
        wb.feature(as_of="now")
    with pytest.raises(wb.ArgumentError, match="must be sets of names"):
        wb.feature(uses="gender")
    with pytest.raises(wb.ArgumentError, match="monotone must be -1, 0 or 1, not 2"):
        wb.feature(monotone=2)
