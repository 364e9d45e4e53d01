"""The engine: one profile scores the same everywhere, candidates are of the profile alone."""

import json
import subprocess
import sys

import numpy as np
import polars as pl
import pytest

import workbench as wb
from workbench.profiles import Profiles


@pytest.fixture(scope="module")
def world():
    return wb.load("synthetic", n_users=200, n_items=160, n_events=7_000, seed=1)


@pytest.fixture(scope="module")
def engine(world):
    return wb.Engine(n_trees=30, depth=30).fit(world)


@pytest.fixture(scope="module")
def people(world):
    return world.profiles()


def test_a_profile_scores_the_same_alone_and_in_any_batch(engine, people):
    batch = engine.score(people)
    assert np.isfinite(batch).any(axis=1).all()
    for i in (0, 7, 199):
        np.testing.assert_array_equal(engine.score(people[i : i + 1])[0], batch[i])
    np.testing.assert_array_equal(engine.score(people[[5, 3, 5]]), batch[[5, 3, 5]])
    pairs = engine.score_pairs(people)
    for i in (0, 7, 199):
        np.testing.assert_array_equal(engine.score_pairs(people[i : i + 1])[0], pairs[i])


def test_few_pairs_score_as_many(engine, people):
    """Ranks are counted one by one for few pairs and sorted for many."""
    pairs = engine.score_pairs(people[:20])
    some = np.array([3, 149, 0, 77])
    np.testing.assert_array_equal(engine.score_pairs(people[:20], some), pairs[:, some])


def test_pairs_are_finite_and_equal_the_scores_of_candidates(engine, people):
    scores, pairs = engine.score(people), engine.score_pairs(people)
    assert np.isfinite(pairs).all()
    held = np.isfinite(scores)
    np.testing.assert_array_equal(scores[held], pairs[held])
    assert 0.1 < held.mean() < 0.95


def test_candidates_do_not_depend_on_the_items_asked(engine, people):
    items = np.array([9, 3, 120, 3])
    np.testing.assert_array_equal(
        engine.score(people[:9], items), engine.score(people[:9])[:, items]
    )


def test_every_candidate_is_unmet_and_remembers_who_brought_it(engine, people):
    scores = engine.score(people)
    assert not np.isfinite(scores[people.row, people.item]).any()
    brought = engine.candidate_mask(people[:30])
    frame = wb.recommend(engine, people[:30], k=10).frame
    for row, item, source in frame.select("row", "item_id", "source").iter_rows():
        assert brought[source][row, engine.catalogue.code(item)]


def test_a_newcomer_gets_a_full_slate_of_popular_items(engine, world):
    slate = wb.slate(engine, wb.Profile.of(), k=10)
    assert len(slate) == 10
    counts = world.relevant(world.interactions).group_by("item_id").len()
    popular = counts.filter(pl.col("item_id").is_in(slate.items))["len"].mean()
    assert popular > 1.5 * counts["len"].mean()


def test_the_engine_saved_and_loaded_in_a_new_process_gives_the_same_slates(
    engine, people, tmp_path
):
    engine.save(tmp_path / "engine")
    expected = wb.recommend(engine, people, k=10).frame
    expected.write_parquet(tmp_path / "expected.parquet")
    world = {"n_users": 200, "n_items": 160, "n_events": 7_000, "seed": 1}
    program = f"""
import polars as pl, workbench as wb
engine = wb.Engine.load({str(tmp_path / "engine")!r})
people = wb.load("synthetic", **{world}).profiles()
expected = pl.read_parquet({str(tmp_path / "expected.parquet")!r})
assert wb.recommend(engine, people, k=10).frame.equals(expected)
one = wb.slate(engine, people[11], k=10).frame
assert one.equals(expected.filter(pl.col("row") == 11).drop("row")), one
print("equal")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.strip() == "equal", done.stderr


def test_guests_are_in_no_fit(world):
    split = wb.split(world, guests=0.2)
    guests = split.train.guest_interactions
    others = split.train.replaced(
        split.train.interactions,
        guest_interactions=guests.with_columns(pl.col("item_id").reverse(), value=pl.lit(5.0)),
    )
    probe = split.train.profiles(split.guests)
    one = wb.Engine(n_trees=5, depth=30).fit(split.train)
    two = wb.Engine(n_trees=5, depth=30).fit(others)
    np.testing.assert_array_equal(one.score(probe), two.score(probe))


def test_the_ranker_beats_its_retrievers_where_there_is_something_to_learn(world):
    split = wb.split(world, test_fraction=0.2)
    rows = {
        name: wb.evaluate(model.fit(split.train), split)
        for name, model in (("engine", wb.Engine()), ("popularity", wb.create("popularity")))
    }
    assert rows["engine"]["ndcg"].mean() > 1.1 * rows["popularity"]["ndcg"].mean()


@pytest.mark.parametrize("columns", [["timestamp"], ["value"], ["timestamp", "value"]])
def test_a_log_without_time_or_values_works(world, columns):
    frame = world.interactions.select("user_id", "item_id", "timestamp", "value").drop(columns)
    relevant_from = None if "value" in columns else 4.0
    log = wb.Dataset.from_frames(frame, relevant_from=relevant_from)
    engine = wb.Engine(n_trees=5, depth=30).fit(log)
    assert len(wb.slate(engine, log.profiles()[0])) == 10
    lacking = {"timestamp": "history_span", "value": "mean_value"}
    names = wb.feature_catalogue(engine)["name"].to_list()
    assert not {lacking[c] for c in columns} & set(names)
    assert "genre_match" not in names


def test_attributes_are_not_read(engine, people):
    profile = people[4]
    changed = profile.with_attribute("gender", "someone else")
    assert wb.slate(engine, changed).frame.equals(wb.slate(engine, profile).frame)
    assert not {"gender", "age"} & set(engine.uses)


def test_a_retriever_that_the_log_cannot_feed_is_refused_by_name(world):
    log = wb.Dataset.from_frames(world.interactions.select("user_id", "item_id"))
    with pytest.raises(wb.ArgumentError, match="'late' needs timestamps"):
        wb.Engine(retrievers={"late": ("trending", {})}).fit(log)


def test_bad_arguments_are_refused_by_name():
    for argument, value in (("depth", 0), ("n_trees", 0), ("eta", 0.0), ("label_fraction", 1.0)):
        with pytest.raises(wb.ArgumentError, match=argument):
            wb.Engine(**{argument: value})
    with pytest.raises(wb.ArgumentError, match="'eese' is no model; did you mean 'ease'"):
        wb.Engine(retrievers={"x": ("eese", {})})


def test_a_log_too_small_for_a_ranker_is_refused_in_words():
    frame = pl.DataFrame(
        {"user_id": [1, 1, 2, 2], "item_id": [1, 2, 1, 3], "timestamp": [1.0, 2.0, 3.0, 4.0]}
    )
    with pytest.raises(wb.DataError, match="too small for a ranker"):
        wb.Engine().fit(wb.Dataset.from_frames(frame))


def test_scores_do_not_depend_on_the_size_of_the_blocks(engine, people, monkeypatch):
    whole = engine.score(people)
    monkeypatch.setattr(type(engine), "_block", lambda self, people: 3)
    np.testing.assert_array_equal(engine.score(people), whole)


def test_an_item_out_of_the_catalogue_is_ignored(engine, people):
    profile = people[8]
    strange = profile.with_event(10**9 if engine.catalogue.is_integer else "no-such-item", 5)
    assert Profiles.of(strange, engine.catalogue).unknown == 1
    assert wb.slate(engine, strange).items == wb.slate(engine, profile).items


def test_with_seen_the_items_of_the_history_are_candidates_too(engine, people):
    again = wb.recommend(engine, people[:20], k=150, seen=True).frame
    seen = people[:20].seen.toarray() > 0
    shown = np.zeros_like(seen)
    shown[again["row"], engine.catalogue.codes(again["item_id"])] = True
    assert (shown & seen).sum() > 50
    new = wb.recommend(engine, people[:20], k=150).frame
    shown = np.zeros_like(seen)
    shown[new["row"], engine.catalogue.codes(new["item_id"])] = True
    assert not (shown & seen).any()


def test_pairs_are_asked_for_by_codes_of_the_catalogue(engine, people):
    for bad, words in (([-1], "codes from -1"), ([10_000], "catalogue has"), ([[1]], "one-dim")):
        with pytest.raises(wb.ArgumentError, match=words):
            engine.score_pairs(people[:2], np.array(bad))
    with pytest.raises(wb.ArgumentError, match="must be Profiles"):
        engine.score_pairs(people[0], np.array([1]))


def test_only_what_a_feature_names_reaches_it(world, people):
    @wb.feature(meaning="gender, unnamed")
    def sly(pairs):
        assert pairs.profiles.attributes.width == 0
        assert pairs.profiles.context.columns == ["as_of"]
        return np.zeros(len(pairs))

    @wb.feature(uses={"gender"}, meaning="1 for women")
    def frank(pairs):
        assert pairs.profiles.attributes.columns == ["gender"]
        return (pairs.profiles.attributes["gender"] == "F").to_numpy()[pairs.row]

    hidden = wb.Engine(features=[sly], n_trees=3, depth=20).fit(world)
    assert hidden.uses == {"as_of"}
    open_ = wb.Engine(features=[frank], allow=["gender"], n_trees=3, depth=20).fit(world)
    assert open_.uses == {"as_of", "gender"}
    again = type(open_)(**open_.params())
    assert again.features == open_.features


def test_a_retriever_that_is_not_well_said_is_refused():
    for spec in (("ease",), "ease", ("ease", 3)):
        with pytest.raises(wb.ArgumentError, match="model name, parameters"):
            wb.Engine(retrievers={"x": spec})
    with pytest.raises(wb.ArgumentError, match="at least one model"):
        wb.Engine(retrievers={})
    with pytest.raises(wb.ArgumentError, match="whole number"):
        wb.Engine(depth="a")


def test_a_loaded_engine_still_knows_what_it_was_fitted_on(engine, world, tmp_path):
    engine.save(tmp_path / "e")
    assert wb.Engine.load(tmp_path / "e").fitted_on == engine.fitted_on == world.fingerprint
    flattered = wb.evaluate(engine, wb.split(world), k=10)
    assert "may be flattered" in wb.summarise(flattered)["definition"][0]


def test_fitting_says_how_far_it_is_and_is_the_same_heard_or_not(world, people):
    said = []
    heard = wb.Engine(n_trees=4, depth=20)
    heard.progress = said.append
    heard.fit(world)
    assert [s for s in said if "trees" in s] == [f"growing trees ({n} of 4)" for n in (1, 2, 3, 4)]
    quiet = wb.Engine(n_trees=4, depth=20).fit(world)
    np.testing.assert_array_equal(heard.score(people), quiet.score(people))


def test_an_engine_of_every_kind_of_ranker_is_saved_whole(world, people, tmp_path):
    how = {"objective": "rank:pairwise", "n_bags": 2, "n_windows": 2, "early_stopping": 3}
    made = wb.Engine(n_trees=6, depth=20, monotone={"n_events": 1}, **how).fit(world)
    folder = made.save(tmp_path / "e")
    again = wb.Engine.load(folder)
    np.testing.assert_array_equal(again.score(people[:30]), made.score(people[:30]))
    assert again.params() == made.params()
    assert again.learnt_from_ == made.learnt_from_
    manifest = json.loads((folder / "manifest.json").read_text())
    assert {"ranker.json", "ranker_1.json"} <= set(manifest["files"])
    assert manifest["configuration"].items() >= how.items()
    assert manifest["learnt_from"]["trees"] == made.ranker_.trees <= 6
    shares = made.contributions(made.pair_features(people[:2])[1])
    np.testing.assert_allclose(shares.sum(axis=1), made.score_pairs(people[:2]).ravel(), atol=1e-4)


def test_a_second_window_gives_lessons_from_further_back(world):
    one, two = (wb.Engine(n_windows=n, depth=20, short_share=0.0).learn(world) for n in (1, 2))
    assert len(two) > 1.5 * len(one)
    np.testing.assert_array_equal(two.of(slice(len(one))).relevant, one.relevant)
    assert len(np.unique(two.person)) < two.n_questions <= 2 * one.n_questions


def test_lessons_at_one_moment_hold_nobodys_later_events(world, tmp_path):
    """By default each person has a cut of their own, and the tables go on after it."""

    def end_of(dataset):
        return {"end": dataset.interactions["timestamp"].max()}

    @wb.feature(learns=[end_of], meaning="seconds that the tables know and the person's cut not")
    def ahead(pairs):
        return (pairs.learnt(end_of)["end"] - pairs.now)[pairs.row]

    def most(method):
        how = {"depth": 20, "short_share": 0.0, "n_windows": 2, "features": [ahead]}
        engine = wb.Engine({"ease": ("ease", {})}, label_method=method, **how)
        taught = engine.learn(world)
        assert taught.method == method
        return taught.matrix[:, [f.name for f in engine.features_].index("ahead")].max()

    assert most("global-time") <= 0 < most("per-user-time")
    made = wb.Engine(label_method="global-time", n_windows=2, n_trees=3, depth=20).fit(world)
    assert made.params()["label_method"] == "global-time"
    manifest = json.loads((made.save(tmp_path / "e") / "manifest.json").read_text())
    assert manifest["configuration"]["label_method"] == "global-time"
    assert manifest["learnt_from"]["method"] == "global-time"
    assert wb.Engine.load(tmp_path / "e").label_method == "global-time"


def test_a_constraint_by_name_overrides_the_catalogues(world, people):
    def moved(monotone):
        made = wb.Engine(n_trees=20, depth=40, monotone=monotone).fit(world)
        names, matrix = made.pair_features(people[:10])
        place = names.index("ease_z")
        higher = matrix.copy()
        higher[:, place] += 1.0
        return made.ranker_.predict(higher) - made.ranker_.predict(matrix)

    assert (usual := moved(None)).min() >= 0 < usual.max()
    assert (turned := moved({"ease_z": -1})).max() <= 0
    assert turned.min() <= 0


def test_a_constraint_on_no_feature_is_refused_before_any_training(world):
    engine, said = wb.Engine(monotone={"n_event": 1}), []
    engine.progress = said.append
    with pytest.raises(wb.ArgumentError, match="'n_event' is no feature of this engine"):
        engine.fit(world)
    assert not any("fitting" in words for words in said)


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("objective", "rank:map"),
        ("monotone", {"n_events": 2}),
        ("n_bags", 0),
        ("early_stopping", 0),
        ("label_method", "random"),
        ("n_windows", 5),
        ("n_windows", 0),
        ("short_histories", (-1,)),
        ("short_histories", "13"),
        ("short_histories", (True,)),
        ("short_share", 1.5),
        ("max_people", 0),
    ],
)
def test_what_no_ranker_can_learn_with_is_refused_by_name(argument, value):
    with pytest.raises(wb.ArgumentError, match=argument):
        wb.Engine(**{argument: value})


def test_shortened_histories_are_what_a_newcomer_is_ranked_by(world):
    """The lessons hold people without history, so the trees have seen such rows."""
    with_, without = (wb.Engine(short_share=s, depth=20) for s in (1.0, 0.0))
    lengths = [engine.learn(world).matrix for engine in (with_, without)]
    column = [f.name for f in with_.features_].index("history_length")
    assert lengths[0][:, column].min() == 0.0
    assert lengths[1][:, column].min() > np.log1p(3)
