"""What if for many: each side against the engine's own lists, and figures against wb.evaluate."""

from importlib import import_module

import numpy as np
import polars as pl
import pytest

import workbench as wb
from workbench.data.sample import asking, asking_only
from workbench.errors import ArgumentError, DataError
from workbench.evaluation.agreement import agreement, exposure, jaccard, only_in
from workbench.explain.variants import variant_slates
from workbench.profiles import Profiles
from workbench.slate import Slates, rank_biased_overlap

K = 5


@pytest.fixture(scope="module")
def ease(world_split):
    return wb.create("ease").fit(world_split.train)


@pytest.fixture(scope="module")
def popular(world_split):
    """The item that most lists hold, so that every change of it reaches somebody."""
    return world_split.train.interactions["item_id"].value_counts(sort=True)["item_id"][0]


def shown_by_hand(model, people, policy=None):
    return [slate.items for slate in wb.recommend(model, people, K, policy)]


def test_an_edit_gives_the_lists_of_the_edited_people(engine, world_split, popular):
    ids, people = world_split.people()
    found = wb.what_if_many(engine, world_split, wb.Change.saw(popular, 5.0), K, n_boot=200)
    met = [popular in person for person in people]
    after = [p if m else p.with_event(popular, 5.0) for p, m in zip(people, met, strict=True)]
    before = shown_by_hand(engine, people)
    by_hand = [wb.slate(engine, p, K).items for p in after]
    rows = found.people
    assert rows["user_id"].to_list() == ids
    assert rows["edited"].to_list() == [not m for m in met]
    assert 0 < sum(met) < len(met)
    assert rows["changed"].to_list() == [a != b for a, b in zip(before, by_hand, strict=True)]
    assert rows["overlap"].to_list() == [
        rank_biased_overlap(a, b) for a, b in zip(before, by_hand, strict=True)
    ]
    assert rows["shown_after"].sum() == 0
    assert rows["shown_before"].to_list() == [popular in items for items in before]
    counts = pl.Series([i for items in by_hand for i in items]).value_counts()
    got = found.items.filter(pl.col("after") > 0).select("item_id", "after").sort("item_id")
    assert got.rows() == sorted(counts.rows())


def test_figures_are_those_of_evaluate_paired_over_people(ease, world_split):
    policy = wb.Policy.for_dataset(world_split.train, diversity=0.7)
    found = wb.what_if_many(ease, world_split, policy, K, n_boot=200)
    before = wb.evaluate(ease, world_split, K)
    after = wb.evaluate(ease, world_split, K, policy=policy)
    table = {row["metric"]: row for row in found.metrics.iter_rows(named=True)}
    for metric in ("ndcg", "recall", "diversity", "novelty"):
        assert table[metric]["before"] == pytest.approx(before[metric].mean())
        assert table[metric]["after"] == pytest.approx(after[metric].mean())
        assert table[metric]["low"] <= table[metric]["difference"] <= table[metric]["high"]
        assert table[metric]["n"] == before.height
    assert table["diversity"]["low"] > 0
    assert table["coverage"]["low"] is None
    assert found.change.policy is policy
    assert "then a policy" in table["ndcg"]["definition"]


def test_a_retired_item_is_shown_to_nobody_and_histories_stay(ease, world_split, popular):
    found = wb.what_if_many(ease, world_split, wb.Change.retire(popular), K, n_boot=200)
    _, people = world_split.people()
    gone = [popular in items for items in shown_by_hand(ease, people)]
    assert sum(gone) > 0
    assert found.people["shown_before"].to_list() == gone
    assert not found.people["shown_after"].any()
    assert found.people["changed"].to_list() == gone
    assert not found.people["edited"].any()
    # Each list that lost it has exactly one new item, which is counted as replacing it.
    assert found.items["replaces"].sum() == sum(gone)
    assert found.items["gives_way"].sum() == 0


def test_without_an_item_it_may_be_shown_and_its_way_is_told(engine, world_split, popular):
    found = wb.what_if_many(engine, world_split, wb.Change.unsaw(popular), K, n_boot=200)
    _, people = world_split.people()
    met = np.array([popular in person for person in people])
    assert found.people["edited"].to_list() == met.tolist()
    stage = found.people["stage"]
    assert stage.is_null().to_list() == (~met).tolist()
    shown = found.people.filter(pl.col("stage") == "shown")
    assert shown.height > 0
    assert shown["shown_after"].all()
    assert (shown["rank"] <= K).all()
    other = found.people.filter(pl.col("stage").is_not_null() & (pl.col("stage") != "shown"))
    assert not other["shown_after"].any()


def test_a_policy_asks_what_the_events_did_to_the_others(engine, world_split, popular):
    """The rule of removals: the item stays out. Without the policy it comes back to somebody."""
    barred, change = wb.Policy(exclude=[popular]), wb.Change.unsaw(popular)
    found = wb.what_if_many(engine, world_split, change, K, barred, n_boot=200)
    assert found.people["shown_after"].sum() == 0
    assert (
        wb.what_if_many(engine, world_split, change, K, n_boot=200).people["shown_after"].sum() > 0
    )
    _, people = world_split.people()
    met = [row for row, person in enumerate(people) if popular in person][:8]
    for row in met:
        person, less = people[row : row + 1], people[row].without(popular)
        (after,) = variant_slates(engine, person, Profiles.of([less], engine.catalogue), K)
        assert after.items == wb.slate(engine, less, K, barred).items
        before = wb.slate(engine, people[row], K)
        assert found.people["changed"][row] == (after.items != before.items)


def test_another_rating_changes_only_whoever_met_it(ease, world_split, popular):
    found = wb.what_if_many(ease, world_split, wb.Change.rated(popular, 1.0), K, n_boot=200)
    assert found.people.filter(~pl.col("edited"))["overlap"].to_list() == [1.0] * (
        found.n - found.people["edited"].sum()
    )
    assert found.people.filter("edited")["changed"].any()


def test_an_edit_and_a_policy_at_once_reach_everybody(ease, world_split, popular):
    policy = wb.Policy(exclude=[popular])
    change = wb.Change.edited(lambda p: p, "nothing", policy=policy)
    found = wb.what_if_many(ease, world_split, change, K, n_boot=200)
    _, people = world_split.people()
    gone = [popular in items for items in shown_by_hand(ease, people)]
    assert not found.people["edited"].any()
    assert found.people["changed"].to_list() == gone
    assert popular not in found.items.filter(pl.col("after") > 0)["item_id"]


def test_a_new_title_comes_in_by_its_content_only(world_split):
    items = world_split.train.items
    content = wb.create("content").fit(world_split.train)
    before = content.catalogue.ids.to_list()
    genres, year = items["genres"][0].to_list(), items["year"][0]
    found = wb.what_if_many(content, world_split, wb.Change.add("Zyx", genres, year), K, n_boot=200)
    assert found.item_id == max(before) + 1
    assert found.people["shown_before"].sum() == 0
    assert set(found.people["stage"]) <= {"shown", "ranked"}
    assert found.people["shown_after"].sum() > 0
    assert found.people["changed"].to_list() == found.people["shown_after"].to_list()
    assert content.catalogue.ids.to_list() == before  # the model itself is as it was
    # A title of which nothing is known is nothing to a content model.
    unlike = wb.what_if_many(content, world_split, wb.Change.add("Zyx"), K, n_boot=200)
    assert unlike.people["shown_after"].sum() < found.people["shown_after"].sum()
    popularity = wb.create("popularity").fit(world_split.train)
    nowhere = wb.what_if_many(
        popularity, world_split, wb.Change.add("Zyx", genres, year), K, n_boot=200
    )
    assert nowhere.people["shown_after"].sum() == 0


def test_a_new_title_in_an_engine_leaves_its_trees_and_all_else(engine, world_split):
    genres = world_split.train.items["genres"][0].to_list()
    asked = asking(world_split, 20)
    _, people = asked.people()
    before = shown_by_hand(engine, people)
    told = []
    found = wb.what_if_many(
        engine, asked, wb.Change.add("Zyx", genres, 1990), K, n_boot=200,
        progress=lambda share, words: told.append((share, words)),
    )  # fmt: skip
    assert shown_by_hand(engine, people) == before
    assert found.people["changed"].to_list() == found.people["shown_after"].to_list()
    assert found.people["stage"].null_count() == 0
    assert (
        found.people.filter(pl.col("stage") == "candidate")["rank"].null_count()
        == (found.people["stage"] == "candidate").sum()
    )
    shares = [share for share, _ in told]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert any("content" in words for _, words in told)


def test_sentences_say_only_what_stands_in_the_frames(ease, world_split, popular):
    found = wb.what_if_many(ease, world_split, wb.Change.retire(popular), K, n_boot=200)
    said = " ".join(found.sentences({popular: "The <b>One</b>"}))
    people, row = found.people, found.metrics.row(0, named=True)
    assert f"{people['changed'].sum()} of {found.n} people are shown another list" in said
    assert f"“The <b>One</b>” is shown to 0 of {found.n} people; before, to " in said
    assert f"before, to {people['shown_before'].sum()}." in said
    chose = people["chosen"].sum()
    lost = people.filter(pl.col("chosen") & pl.col("shown_before")).height
    assert lost > 0
    assert f"{chose} people chose it later; {lost} of them" in said
    assert f"from {row['before']:.3f} to {row['after']:.3f}" in said
    assert f"{row['difference']:+.4f} ({row['low']:+.4f} to {row['high']:+.4f})" in said


def test_a_change_of_nothing_is_said_to_be_nothing(ease, world_split):
    found = wb.what_if_many(ease, world_split, lambda p: p, K, n_boot=200)
    said = found.sentences()
    assert f"Nobody of {found.n} people is shown another list." in said
    assert any("it is the same for all" in one for one in said)
    assert found.people["overlap"].to_list() == [1.0] * found.n
    assert (found.items["difference"] == 0).all()


def test_profiles_without_a_split_have_lists_and_no_figures(ease, world_split, popular):
    people = world_split.train.profiles(world_split.guests)
    found = wb.what_if_many(ease, people, wb.Change.saw(popular), K, n_boot=200)
    assert found.metrics.height == 0
    assert found.people["user_id"].null_count() == len(people)
    assert found.reach["n"].to_list() == [len(people)] * found.reach.height
    one = wb.what_if_many(ease, people[:1], wb.Change.saw(popular), K, n_boot=200)
    assert one.n == 1
    assert one.reach["low"].null_count() == one.reach.height
    assert one.sentences()


def test_blocks_change_nothing(ease, world_split, popular, monkeypatch):
    change = wb.Change.unsaw(popular)
    whole = wb.what_if_many(ease, world_split, change, K, n_boot=200)
    monkeypatch.setattr(import_module("workbench.explain.whatif"), "BLOCK", 7)
    parts = wb.what_if_many(ease, world_split, change, K, n_boot=200)
    for name in ("people", "items", "metrics", "reach"):
        assert getattr(whole, name).equals(getattr(parts, name)), name


def test_stopped_midway_it_leaves_the_model_as_it_was(engine, world_split):
    state = engine.tables_, dict(engine.retrievers_), engine.catalogue

    def stop(share, words):
        if share > 0.05:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        wb.what_if_many(engine, world_split, wb.Change.add("Zyx"), K, progress=stop)
    assert (engine.tables_, engine.retrievers_, engine.catalogue) == state


def test_some_people_of_a_split(ease, world_split, popular):
    guests = [i for i in world_split.people()[0] if i in world_split.guests]
    found = wb.what_if_many(
        ease, world_split, wb.Change.retire(popular), K, user_ids=guests, n_boot=200
    )
    assert found.people["user_id"].to_list() == guests
    assert f"asked were only {len(guests)} of" in found.metrics["definition"][0]
    rows = wb.evaluate(ease, world_split, K).filter(pl.col("user_id").is_in(guests))
    assert found.metrics["before"][0] == pytest.approx(rows["ndcg"].mean())
    with pytest.raises(ArgumentError, match="whom this split does not ask about"):
        asking_only(world_split, ["nobody"])
    with pytest.raises(ArgumentError, match="user_ids is empty"):
        asking_only(world_split, [])
    assert asking_only(world_split, world_split.people()[0]) is world_split


def test_a_sample_is_not_of_guests_first(world_split):
    share = len(world_split.guests) / world_split.train.n_users
    drawn, _ = asking(world_split, 60).people()
    guests = sum(i in world_split.guests for i in drawn)
    assert guests < 60 * share * 2.5


def test_what_cannot_be_asked_is_refused_before_any_work(ease, world_split, popular):
    def ask(change=lambda p: p, people=world_split, model=ease, **more):
        return wb.what_if_many(model, people, change, K, **more)

    guests = world_split.train.profiles(world_split.guests)
    with pytest.raises(ArgumentError, match="change names item 10000000"):
        ask(wb.Change.saw(10_000_000))
    with pytest.raises(ArgumentError, match="change must be a wb"):
        ask("retire 7")
    with pytest.raises(ArgumentError, match="people must be a Split or Profiles"):
        ask(people=guests[0])
    with pytest.raises(ArgumentError, match="user_ids are for a Split"):
        ask(people=guests, user_ids=[1])
    with pytest.raises(DataError, match="people are empty"):
        ask(people=guests[:0])
    with pytest.raises(ArgumentError, match="give a Split"):
        ask(wb.Change.add("Zyx"), people=guests)
    with pytest.raises(ArgumentError, match="model must be a fitted model"):
        ask(model=lambda p: 0)
    with pytest.raises(ArgumentError, match="the edit gave int and must give a Profile"):
        ask(lambda p: 1)
    with pytest.raises(ArgumentError, match="value must be a finite number"):
        wb.Change.saw(popular, float("nan"))
    with pytest.raises(ArgumentError, match="name at least one item"):
        wb.Change.retire()
    with pytest.raises(ArgumentError, match="title must be some text"):
        wb.Change.add("  ")
    with pytest.raises(ArgumentError, match="is taken"):
        ask(wb.Change.add("Zyx", item_id=popular))
    with pytest.raises(ArgumentError, match="the ids of this log are integers"):
        ask(wb.Change.add("Zyx", item_id="new"))


def test_text_ids_no_times_no_values_no_items():
    world = wb.load("synthetic", n_users=60, n_items=100, n_events=1400, seed=2)
    events = world.interactions.select(
        pl.format("u{}", "user_id").alias("user_id"), pl.format("i{}", "item_id").alias("item_id")
    ).unique(maintain_order=True)
    cut = wb.split(wb.Dataset.from_frames(events), "random", test_fraction=0.3)
    model = wb.create("item-knn").fit(cut.train)
    item = cut.train.catalogue.ids[0]
    for change in (
        wb.Change.saw(item), wb.Change.unsaw(item), wb.Change.retire(item), wb.Change.add("Zyx"),
        wb.Change.attribute("age", 3), wb.Change.moment(0.0),
    ):  # fmt: skip
        found = wb.what_if_many(model, cut, change, K, n_boot=200)
        assert found.n == len(cut.people()[0])
        assert found.sentences()
        assert "diversity" not in found.metrics["metric"].to_list()
    assert wb.what_if_many(model, cut, wb.Change.add("Zyx"), K, n_boot=200).item_id == "new"


def test_agreement_counts_people_and_items():
    def lists(*rows):
        return Slates.from_frame(
            pl.DataFrame(
                [(u, i, r) for u, row in enumerate(rows) for r, i in enumerate(row, 1)],
                schema=["user_id", "item_id", "rank"],
                orient="row",
            )
        )

    slates = {"a": lists([1, 2], [1, 2]), "b": lists([1, 2], [3, 4]), "c": lists([2, 1], [9, 1])}
    pairs = agreement(slates, n_boot=200)
    table = {(r["model"], r["against"], r["measure"]): r["mean"] for r in pairs.to_dicts()}
    assert table["a", "b", "jaccard"] == 0.5
    assert table["a", "b", "overlap"] == 0.5
    assert table["a", "c", "jaccard"] == pytest.approx((1 + 1 / 3) / 2)
    assert jaccard([], []) == 1.0
    shown = exposure(slates)
    assert shown["item_id"].to_list() == [3, 4, 9, 1, 2]
    assert shown.filter(pl.col("item_id") == 1).row(0) == (1, 2, 1, 2, 3)
    assert only_in({"a": slates["a"][0], "b": slates["b"][1]}).rows() == [
        ("a", 1, 1), ("a", 2, 2), ("b", 3, 1), ("b", 4, 2),
    ]  # fmt: skip
    with pytest.raises(ArgumentError, match="at least two models"):
        agreement({"a": slates["a"]})
    with pytest.raises(ArgumentError, match="different or no people"):
        agreement({"a": slates["a"], "b": lists([1])})
