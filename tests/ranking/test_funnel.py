"""The funnel says what the slates do: nothing in it is told that scoring does not show."""

import numpy as np
import pytest

import workbench as wb
from workbench.ranking.funnel import SHOWN, trace
from workbench.ranking.recommend import recommend, slate

K = 5


@pytest.fixture(scope="module")
def data():
    return wb.load("synthetic", n_users=120, n_items=140, n_events=4_000, seed=2)


@pytest.fixture(scope="module")
def engine(data):
    retrievers = {
        "ease": ("ease", {}),
        "content": ("content", {}),
        "popularity": ("popularity", {}),
    }
    return wb.Engine(retrievers=retrievers, n_trees=10, depth=12).fit(data)


@pytest.fixture(scope="module")
def people(data):
    return data.profiles()[:8]


def policies(data, engine):
    ids = engine.catalogue.ids.to_list()
    return {
        "none": None,
        "empty": wb.Policy(),
        "excluding": wb.Policy(exclude=ids[:40]),
        "everything": wb.Policy.for_dataset(
            data,
            exclude=ids[:20],
            boost={ids[50]: 3.0},
            diversity=0.6,
            pin=ids[100:102],
            cap={"genres": 2},
            floor={"popularity": {"tail": 0.3}},
            epsilon=0.2,
        ),
    }


@pytest.mark.parametrize("name", ["none", "empty", "excluding", "everything"])
def test_every_pair_stops_where_the_engine_loses_it(data, engine, people, name):
    policy = policies(data, engine)[name]
    n = len(engine.catalogue)
    row, item = np.repeat(np.arange(len(people)), n), np.tile(np.arange(n), len(people))
    found = trace(engine, people, row, item, K, policy)
    stage = found.stage.reshape(len(people), n)
    scores, seen = engine.score(people), people.seen.toarray() > 0
    brought = engine.candidate_mask(people)
    for j, label in enumerate(found.labels):
        got = found.brought[:, j].reshape(len(people), n)
        np.testing.assert_array_equal(got, brought[label])
    np.testing.assert_array_equal(found.brought.any(axis=1).reshape(scores.shape), scores == scores)
    plain = recommend(engine, people, K)
    shown = recommend(engine, people, K, policy)
    for i in range(len(people)):
        on, first = shown[i].items, plain[i].items
        for code, id_ in enumerate(engine.catalogue.ids):
            at = stage[i, code]
            assert (at == SHOWN) == (id_ in on)
            if id_ in on:
                continue
            touched = any(id_ in s["before"] or id_ in s["after"] for s in shown[i].steps)
            if seen[i, code]:
                assert at == "unseen"
            elif np.isnan(scores[i, code]):
                assert at in ("candidate", "retrievable")
            elif touched:
                last = [s["step"] for s in shown[i].steps if id_ in s["left"]][-1]
                assert at == last
            else:
                assert at == "ranked"
                assert id_ not in first


def test_one_pair_is_the_same_as_many_and_the_table_adds_up(data, engine, people):
    policy = policies(data, engine)["everything"]
    n = len(engine.catalogue)
    found = trace(engine, people[:2], np.repeat([0, 1], n), np.tile(np.arange(n), 2), K, policy)
    stages = set()
    for i in range(2):
        shown = slate(engine, people[i], K, policy)
        for code in range(i, n, 5):
            id_ = engine.catalogue.id(code)
            one = wb.funnel(engine, people[i], id_, K, policy)
            stages.add(one.stage)
            assert one.stage == found.stage[i * n + code]
            assert bool(one) == (id_ in shown)
            rows = {r["stage"]: r for r in one.frame.iter_rows(named=True)}
            steps = [s["step"] for s in shown.steps]
            first = ["catalogue", "unseen", "retrievable", "candidate", "ranked"]
            assert list(rows) == [*first, *steps, "shown"]
            assert rows["shown"]["passed"] == bool(one)
            assert rows[one.stage]["passed"] is (one.stage == "shown")
            assert rows[one.stage]["detail"] in one.sentence
            if one:
                assert rows["shown"]["number"] == shown.items.index(id_) + 1
    assert {"shown", "unseen", "candidate", "ranked"} <= stages


def test_the_words_of_each_stage(data, engine, people):
    person = people[0]
    plain = slate(engine, person, 20).items
    titles = {plain[0]: "The First"}
    first = wb.funnel(engine, person, plain[0], K, titles=titles)
    assert first.sentence == "“The First” is shown: on place 1 of 5."
    low = wb.funnel(engine, person, plain[9], K)
    assert low.stage == "ranked"
    assert f"item {plain[9]} is not shown: rank 10 of " in low.sentence
    assert "and 5 are shown" in low.sentence
    gone = wb.funnel(engine, person, plain[1], K, wb.Policy(exclude=[plain[1]]))
    assert gone.stage == "exclude"
    assert gone.sentence.endswith("is not shown: removed by the rule exclude, from place 2.")
    pinned = wb.funnel(engine, person, plain[4], K, wb.Policy(pin=[plain[9]]))
    assert pinned.sentence.endswith("is not shown: moved out by pin, from place 5.")
    lifted = wb.funnel(engine, person, plain[9], K, wb.Policy(pin=[plain[9]]))
    assert lifted.sentence.endswith("is shown: on place 1 of 5, brought in by pin.")
    assert lifted.frame.filter(stage="ranked")["passed"].to_list() == [False]
    met = wb.funnel(engine, person, person.items[0], K)
    assert met.sentence == f"item {person.items[0]} is not shown: met before."
    assert met.frame.filter(stage="ranked")["passed"].to_list() == [None]
    scores = engine.score(wb.Profiles.of(person, engine.catalogue))[0]
    far = next(
        i
        for i, s in zip(engine.catalogue.ids, scores, strict=True)
        if np.isnan(s) and i not in person
    )
    lost = wb.funnel(engine, person, far, K)
    assert lost.stage == "candidate"
    assert "and the first 12 of each retriever are candidates" in lost.sentence
    assert lost.frame.filter(stage="candidate")["number"][0] > 12


def test_an_unknown_item_and_what_is_refused(engine, people):
    one = wb.funnel(engine, people[0], "nothing")
    assert (one.stage, bool(one)) == ("catalogue", False)
    assert "not among the 140 items" in one.sentence
    assert one.frame["passed"].to_list() == [False]
    with pytest.raises(wb.ArgumentError, match="k must be a whole number of at least 1, not 0"):
        wb.funnel(engine, people[0], 1, 0)
    with pytest.raises(wb.ArgumentError, match="profile must be a Profile, not Profiles"):
        wb.funnel(engine, people, 1)
    with pytest.raises(wb.WorkbenchError, match="has not been fitted"):
        wb.funnel(wb.create("ease"), people[0], 1)


def test_a_model_of_one_stage_has_no_candidates(data, people):
    model = wb.create("content").fit(data)
    shown = slate(model, people[0], K)
    for id_ in model.catalogue.ids:
        one = wb.funnel(model, people[0], id_, K)
        assert bool(one) == (id_ in shown)
        assert one.frame["stage"].to_list() == [
            "catalogue",
            "unseen",
            "retrievable",
            "ranked",
            "shown",
        ]
        assert one.stage in ("shown", "unseen", "ranked")


def test_what_a_model_cannot_score_is_not_retrievable(data, people):
    class Half(wb.Recommender):
        """Scores every other item."""

        def fit(self, dataset):
            return self

        def score(self, profiles, items=None):
            scores = np.tile(np.arange(len(self.catalogue), dtype=np.float32), (len(profiles), 1))
            scores[:, ::2] = np.nan
            return scores if items is None else scores[:, items]

    model = Half().fit(data)
    stages = [wb.funnel(model, people[0], i, K).stage for i in model.catalogue.ids]
    unseen = [i not in people[0] for i in model.catalogue.ids]
    assert all((s == "retrievable") == u for s, u in list(zip(stages, unseen, strict=True))[::2])
    assert "retrievable" not in stages[1::2]
    assert wb.funnel(model, people[0], model.catalogue.id(0), K).sentence.endswith(
        "half cannot score it for this person." if unseen[0] else "met before."
    )


def test_a_person_without_history(engine):
    person = wb.Profile()
    shown = slate(engine, person, K)
    one = wb.funnel(engine, person, shown.items[0], K)
    assert one.stage == "shown"
    nobody = wb.Profiles.of(person, engine.catalogue)
    scores = [model.score(nobody)[0] for model in engine.retrievers_.values()]
    told = sum(np.ptp(s) > 0 for s in scores)  # who tells items apart without a history
    assert one.frame.filter(stage="retrievable")["number"][0] == told >= 1


def test_a_retriever_that_cannot_tell_items_apart_brings_none(data, people):
    retrievers = {"popularity": ("popularity", {}), "half": ("item-knn", {})}
    engine = wb.Engine(retrievers=retrievers, n_trees=5, depth=12).fit(data)
    silent = engine.retrievers_["half"]
    silent.score = lambda profiles, items=None: np.ones((len(profiles), 140), np.float32)
    row, item = np.zeros(140, np.int64), np.arange(140)
    found = trace(engine, people[:1], row, item, K)
    assert not found.brought[:, 1].any()
    assert not found.scored[:, 1].any()
    np.testing.assert_array_equal(found.brought[:, 0], engine.score(people[:1])[0] > -np.inf)
