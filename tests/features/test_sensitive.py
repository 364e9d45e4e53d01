"""The allow-list: no attribute reaches a ranker unless it is named; what is named is written."""

import json

import numpy as np
import polars as pl
import pytest

import workbench as wb
from workbench.features.sensitive import check_allowed, is_sensitive, sensitive_columns
from workbench.models.base import Recommender
from workbench.ranking import registry

TREES = {"n_trees": 3, "depth": 20}
SMALL = {"retrievers": {"ease": ("ease", {})}, **TREES}


@pytest.fixture(scope="module")
def world():
    return wb.load("synthetic", n_users=150, n_items=160, n_events=5_000, seed=2)


@wb.feature(uses={"gender"}, meaning="1 for women")
def women(pairs):
    return (pairs.told("gender") == "F").fill_null(False).to_numpy()[pairs.row]


class ByRegion(Recommender):
    """Popularity by region. Source: this test."""

    name = "by-region"
    uses = frozenset({"region"})

    def fit(self, dataset):
        self.n_ = dataset.n_items
        return self

    def score(self, profiles, items=None):
        scores = np.tile(np.arange(self.n_, dtype=np.float32), (len(profiles), 1))
        return scores if items is None else scores[:, items]


def test_a_feature_that_reads_an_attribute_is_refused_before_training(world):
    heard = []
    for asked in (women, "gender_affinity", "attributes"):
        engine = wb.Engine(features=[asked], **SMALL)
        engine.progress = heard.append
        with pytest.raises(
            wb.ArgumentError, match=r"feature .* reads '\w+', an attribute of people"
        ):
            engine.fit(world)
        with pytest.raises(wb.ArgumentError, match=r"allow=\('(gender|age)',\)"):
            engine.check_log(world)
    assert heard == []


def test_a_retriever_that_reads_an_attribute_is_refused(world, monkeypatch):
    monkeypatch.setattr(registry, "model_class", lambda name: ByRegion)
    with pytest.raises(wb.ArgumentError, match="retriever 'local' reads 'region'"):
        wb.Engine({"local": ("by-region", {})}, **TREES).fit(world)
    engine = wb.Engine({"local": ("by-region", {})}, allow=["region"], **TREES).fit(world)
    assert engine.sensitive_ == ["region"]


def test_what_is_allowed_is_read_and_written_down(world, tmp_path):
    asked = [women, "gender_affinity"]
    engine = wb.Engine(features=asked, allow=("gender", "age"), **SMALL).fit(world)
    assert engine.uses == {"as_of", "gender"}
    assert engine.sensitive_ == ["gender"]
    profile = world.profiles()[0]
    item = world.catalogue.take([0])
    values = [
        wb.features(engine, profile.with_attribute("gender", gender), item)["women"][0]
        for gender in ("F", "M")
    ]
    assert values == [1, 0]
    engine.save(tmp_path / "e")
    manifest = json.loads((tmp_path / "e" / "manifest.json").read_text())
    assert manifest["sensitive"] == {"allowed": ["age", "gender"], "read": ["gender"]}
    assert manifest["uses"] == ["as_of", "gender"]
    loaded = wb.Engine.load(tmp_path / "e", features=[women])
    assert (loaded.allow, loaded.sensitive_) == (("gender", "age"), ["gender"])
    people = world.profiles()[:5]
    np.testing.assert_array_equal(loaded.score(people), engine.score(people))


def test_the_default_engine_reads_nothing_sensitive(world):
    engine = wb.Engine(**SMALL).fit(world)
    assert engine.sensitive_ == []
    assert engine.uses == {"as_of"}


def test_an_allowance_for_what_is_not_there_is_refused(world):
    with pytest.raises(wb.ArgumentError, match=r"allow: 'gendr' is no attribute .* age, gender"):
        wb.Engine(allow=["gendr"], **SMALL).fit(world)
    with pytest.raises(wb.ArgumentError, match="allow must be a list, not the text 'gender'"):
        wb.Engine(allow="gender")
    with pytest.raises(wb.ArgumentError, match="allow: 3 is no name"):
        wb.Engine(allow=[3])


def test_context_is_free_unless_its_name_says_something_of_the_person(world):
    log = world.replaced(
        world.interactions.with_columns(userGender=pl.lit("x"), shop=pl.lit("s")),
        context_columns=("device", "userGender", "shop"),
    )
    assert sensitive_columns(log) == {"age", "gender", "region", "userGender"}
    nothing = frozenset()
    assert check_allowed([("feature", "f", frozenset({"device", "shop"}))], log, nothing) == nothing
    reader = [("feature", "f", frozenset({"userGender"}))]
    with pytest.raises(wb.ArgumentError, match="feature 'f' reads 'userGender'"):
        check_allowed(reader, log, nothing)
    assert check_allowed(reader, log, frozenset({"userGender"})) == {"userGender"}


def test_a_column_that_only_a_live_profile_has_counts_as_sensitive(world):
    reader = [("feature", "f", frozenset({"mood"}))]
    with pytest.raises(wb.ArgumentError, match="reads 'mood'"):
        check_allowed(reader, world, frozenset())


@pytest.mark.parametrize(
    ("column", "said"),
    [
        ("gender", True), ("user_Gender", True), ("ZIPCode", True), ("zip_code", True),
        ("ageBand", True), ("AGE", True), ("page", False), ("message", False), ("device", False),
        ("sexton", False), ("hour", False), ("", False),
    ],
)  # fmt: skip
def test_words_of_a_name_make_it_sensitive(column, said):
    assert is_sensitive(column) == said


def test_what_a_feature_learns_shows_no_guest_and_no_attribute_it_does_not_use(world):
    cut = wb.split(world, guests=0.2)
    seen = []

    def looked(dataset):
        seen.append(dataset)
        return np.zeros(dataset.n_items)

    @wb.feature(learns=[looked])
    def blind(pairs):
        return pairs.learnt(looked)[pairs.item]

    wb.Engine(features=[blind], **SMALL).fit(cut.train)
    for dataset in seen:
        assert dataset.users.columns == ["user_id"]
        assert dataset.guest_interactions.height == 0
        assert dataset.context_columns == ()
        assert not {"hour", "device"} & set(dataset.interactions.columns)
        assert dataset.profiles().attributes.width == 0
        assert dataset.truth is None
    assert len(seen) == 3  # tried, for the lessons, for serving
    # The lessons' window is the earlier part only.
    assert [d.n_events < cut.train.n_events for d in seen] == [False, True, False]
    assert cut.train.users.width > 1
    assert cut.train.guest_interactions.height > 0
