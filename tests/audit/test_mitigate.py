"""The frontier of mitigations: figures by hand, strengths chosen on validation, honest refusals."""

import numpy as np
import polars as pl
import pytest

import workbench as wb
from workbench.audit.mitigation_learning import Teaching, item_weights, person_weights
from workbench.audit.mitigation_rerank import FAIR, FLOOR, FairTopK, least_of_prefixes
from workbench.columns import USER
from workbench.errors import ArgumentError

K = 5
KIND = ("popularity", "tail")
WAYS = (FLOOR, FAIR, "popularity penalty", "re-weighting items", "re-weighting people")


@pytest.fixture(scope="module")
def engine_and_split():
    dataset = wb.load("synthetic", n_users=150, n_items=90, n_events=3_300, seed=4)
    split = wb.split(dataset, guests=0.1)
    retrievers = {name: [name, {}] for name in ("ease", "popularity")}
    return wb.Engine(retrievers=retrievers, depth=60, n_trees=12).fit(split.train), split


@pytest.fixture(scope="module")
def found(engine_and_split):
    return wb.mitigate(*engine_and_split, ["gender"], kind=KIND, k=K, methods=WAYS, minimum=20)


def lists_of(point, split):
    _, people = split.people()
    return wb.recommend(point.model, people, K, policy=point.policy)


def test_the_first_point_is_the_engine_as_it_is(found, engine_and_split):
    engine, split = engine_and_split
    row = found.frontier.row(0, named=True)
    assert (row["method"], row["strength"], row["ndcg_change"]) == ("none", 0.0, 0.0)
    audit = wb.audit(engine, split, k=K)
    tail = audit.items.filter(column=KIND[0], group=KIND[1]).row(0, named=True)
    assert row["ratio"] == pytest.approx(tail["exposure"] / tail["share_catalogue"], rel=1e-9)
    assert row["items"] == pytest.approx(abs(1 - row["ratio"]), rel=1e-12)
    people = audit.people.filter(metric="ndcg", attribute="gender", suppressed=False)
    values = people["value"].to_list()
    assert row["people"] == pytest.approx(max(values) - min(values), rel=1e-9)


@pytest.mark.parametrize("method", WAYS)
def test_every_point_has_the_figures_of_its_own_lists(method, found, engine_and_split):
    _, split = engine_and_split
    places = [i for i, point in enumerate(found.points) if point.method == method]
    assert places
    for place in (places[0], places[-1]):
        point, row = found.points[place], found.frontier.row(place, named=True)
        rows = wb.evaluate(lists_of(point, split), split, K)
        assert row["ndcg"] == pytest.approx(rows["ndcg"].fill_null(0.0).mean(), rel=1e-9)
        assert row["ndcg_low"] <= row["ndcg"] <= row["ndcg_high"]
        assert row["items_low"] <= row["items"] <= row["items_high"]
        ids, people = split.people()
        one = people[0]
        shown = lists_of(point, split).frame.filter(row=0).sort("rank")["item_id"].to_list()
        assert found.slate(place, one).items == shown
        assert len(ids) == row["n"]


def test_a_stronger_floor_shows_more_of_the_kind(found):
    floors = found.frontier.filter(method=FLOOR).sort("strength")["ratio"].to_list()
    assert floors == sorted(floors)
    assert floors[-1] > found.frontier["ratio"][0]


def test_dominated_points_by_hand(found):
    rows = found.frontier.to_dicts()
    for name in ("items", "people"):
        for one in rows:
            beaten = any(
                other["ndcg"] >= one["ndcg"]
                and other[name] <= one[name]
                and (other["ndcg"] > one["ndcg"] or other[name] < one[name])
                for other in rows
            )
            assert one[f"dominated_{name}"] is beaten


def test_strengths_are_chosen_on_validation_alone(found):
    base = found.validation.row(0, named=True)
    fits = [
        row
        for row in found.validation.iter_rows(named=True)
        if row["point"] and row["ndcg"] >= 0.98 * base["ndcg"] and row["items"] < base["items"]
    ]
    best = {}
    for row in sorted(fits, key=lambda r: (r["items"], r["point"])):
        best.setdefault(row["method"], row["point"])
    assert set(found.frontier.filter("chosen")["point"]) == set(best.values())
    assert found.best == min(fits, key=lambda r: (r["items"], r["point"]))["point"]
    assert not found.validation["ndcg"].equals(found.frontier["ndcg"])
    assert found.points[found.best].method in found.sentence


def test_weights_of_one_teach_the_same_ranker(engine_and_split):
    engine, split = engine_and_split
    teaching = Teaching.of(engine)
    taught = teaching.lessons(split.train)
    lessons, item = taught.lessons, taught.item
    same = teaching.taught(lessons, np.ones(len(item)))
    assert np.array_equal(
        same.predict(lessons.matrix), engine.ranker_.predict(lessons.matrix), equal_nan=True
    )
    member = np.zeros(len(engine.catalogue))
    member[item[lessons.relevant > 0][:40]] = 1.0
    other = teaching.taught(lessons, item_weights(lessons, item, member, 8.0))
    assert not np.array_equal(other.predict(lessons.matrix), same.predict(lessons.matrix))
    weight = person_weights(lessons, np.unique(lessons.person)[:3], 2.0)
    assert set(weight) == {1.0, 3.0}
    assert (weight == 3.0).sum() == np.isin(lessons.person, np.unique(lessons.person)[:3]).sum()


def test_a_mended_engine_is_saved_and_opened_as_any_other(found, engine_and_split, tmp_path):
    _, split = engine_and_split
    place = [i for i, p in enumerate(found.points) if p.method == "re-weighting items"][-1]
    found.points[place].model.save(tmp_path / "mended")
    again = wb.Engine.load(tmp_path / "mended")
    _, people = split.people()
    assert np.array_equal(
        again.score(people[:20]), found.points[place].model.score(people[:20]), equal_nan=True
    )


def test_fair_top_k_holds_every_prefix(engine_and_split):
    engine, split = engine_and_split
    base = wb.Policy.for_dataset(split.train)
    policy = FairTopK(items=base.items, relevant_from=base.relevant_from, kind=KIND, share=0.6)
    _, people = split.people()
    frame = wb.recommend(engine, people, K, policy=policy).frame.sort("row", "rank")
    groups = policy.groups(KIND[0], engine.catalogue)
    member = groups.member[:, groups.names.index(KIND[1])]
    least = least_of_prefixes(K, 0.6, 0.1)
    assert least[-1] >= 1
    for items in frame.group_by("row", maintain_order=True).agg("item_id")["item_id"]:
        got = np.cumsum(member[engine.catalogue.codes(items)])
        assert (got >= least[: len(got)]).all()


def test_the_same_again(found, engine_and_split):
    again = wb.mitigate(*engine_and_split, ["gender"], kind=KIND, k=K, methods=(FLOOR,))
    kept = found.frontier.filter(pl.col("method").is_in(["none", FLOOR])).drop("chosen", "point")
    dominated = [c for c in kept.columns if c.startswith("dominated")]
    ours = again.frontier.drop("chosen", "point", *dominated)
    whole = [c for c in ours.columns if "_low" not in c and "_high" not in c]
    assert ours.select(whole).equals(kept.select(whole))


def test_what_cannot_be_taught_again_is_skipped_with_its_reason(engine_and_split):
    _, split = engine_and_split
    ease = wb.create("ease").fit(split.train)
    found = wb.mitigate(ease, split, kind=KIND, k=K, methods=(FLOOR, "re-weighting items"))
    assert dict(found.skipped.iter_rows()) == {
        "re-weighting items": "ease has no ranker that could be taught again"
    }
    assert found.frontier["people"].null_count() == found.frontier.height


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"kind": ("popularity", "nose")}, "there is no such kind of items; there are head"),
        ({"kind": ("maker", "x")}, "there are popularity"),
        ({"goal": "peace"}, "goal"),
        ({"goal": "people"}, "needs groups"),
        ({"groups": ["gender", "region"]}, "one grouping of people, not 2"),
        ({"cost": -0.1}, "cost"),
        ({"methods": ["magic"]}, "methods"),
        ({"methods": "FA*IR"}, "must be a list of names"),
        ({"minimum": 5}, "minimum"),
        ({"k": 0}, "k"),
    ],
)
def test_bad_arguments_are_named_before_work_starts(arguments, words, engine_and_split):
    heard = []
    with pytest.raises(ArgumentError, match=words):
        wb.mitigate(*engine_and_split, **{"k": K, **arguments}, say=heard.append)
    assert heard == []


def test_a_model_of_another_log_is_refused(engine_and_split):
    engine, split = engine_and_split
    other = wb.split(wb.load("synthetic", n_users=60, n_items=40, n_events=500, seed=9))
    with pytest.raises(ArgumentError, match="was not fitted on the training part"):
        wb.mitigate(engine, other)
    with pytest.raises(ArgumentError, match="must be a fitted model"):
        wb.mitigate("engine", split)
    assert USER in split.train.users.columns
