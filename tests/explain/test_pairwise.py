"""wb.why_above: differences that add up, errors that cancel, and swaps that are exact."""

import re
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

import workbench as wb
from workbench.explain.comparison import comparison
from workbench.explain.shares import event_shares
from workbench.explain.swap import split_values
from workbench.profiles import Profiles
from workbench.vocabulary import Vocabulary


@pytest.fixture(scope="module")
def slate(engine, guest):
    return wb.slate(engine, guest, 10)


@pytest.fixture(scope="module")
def first(engine, guest, slate):
    return wb.why_above(engine, guest, slate.items[1], slate.items[6], budget=128)


def codes(model, *ids):
    return np.array([model.catalogue.code(i) for i in ids])


# --- differences ---------------------------------------------------------------------------------


def test_differences_of_features_add_up_to_that_of_the_scores(slate, first):
    lead = slate.frame["score"][1] - slate.frame["score"][6]
    assert first.score_above == slate.frame["score"][1]
    assert first.score_below == slate.frame["score"][6]
    assert abs(lead - first.features["difference"].sum()) < 1e-4
    assert first.residual == pytest.approx(lead - first.features["difference"].sum(), abs=1e-9)
    assert first.features["difference"].abs().max() > 0.01
    assert first.groups["difference"].sum() == pytest.approx(first.features["difference"].sum())
    parts = first.features
    assert (parts["share_above"] - parts["share_below"] - parts["difference"]).abs().max() < 1e-9


def test_the_shares_are_those_of_explain(engine, guest, first):
    for item, column in ((first.above, "share_above"), (first.below, "share_below")):
        why = wb.explain(engine, guest, item, budget=128)
        joined = why.features.join(first.features.select("name", column), on="name")
        assert joined.height == why.features.height
        assert (joined["share"] - joined[column]).abs().max() < 1e-6
        events = why.events.join(first.events.select("item_id", column), on="item_id")
        assert events.height == len(guest.items)
        assert (events["share"] - events[column]).abs().max() < 1e-6


def test_a_long_history_is_divided_as_explain_does(engine, world_split):
    people = world_split.train.profiles(world_split.guests)
    person = people[int(people.lengths.argmax())]
    met = [i for i in engine.catalogue.ids if i not in person]
    for item in met[: max(0, 60 - len(person.items))]:
        person = person.with_event(item, 4.0)
    ids = wb.slate(engine, person, 3).items
    found = wb.why_above(engine, person, ids[0], ids[2], budget=1)
    why = wb.explain(engine, person, ids[2], budget=1)
    assert why.event_groups.height > 1
    both = why.events.join(found.events.select("item_id", "share_below"), on="item_id")
    assert (both["share"] - both["share_below"]).abs().max() < 1e-6
    assert abs(found.event_residual) < 1e-4


def test_differences_of_events_add_up_with_the_base(first):
    lead = first.score_above - first.score_below
    assert abs(lead - first.event_base - first.events["difference"].sum()) < 1e-4
    assert abs(first.event_residual) < 1e-4
    parts = first.events
    assert (parts["share_above"] - parts["share_below"] - parts["difference"]).abs().max() < 1e-6


def test_what_chance_does_to_both_scores_cancels(world_split, guest):
    def squared(profile, items):
        """Far from linear in the history, and the same for all items but for a constant."""
        liked = sum(n * e.value for n, e in enumerate(profile.history)) ** 2
        return {i: liked - n for n, i in enumerate(items["item_id"])}

    model = wb.FromFunction(squared).fit(world_split.train)
    ids = wb.slate(model, guest, 5).items
    person = Profiles.of(guest, model.catalogue)
    alone = event_shares(model, person, int(model.catalogue.code(ids[0])), budget=200)
    assert alone.error.max() > 10
    found = wb.why_above(model, guest, ids[0], ids[4], budget=200)
    assert found.events["error"].max() < 1e-9
    assert found.events["difference"].abs().max() < 1e-9
    assert found.events["share_above"].abs().max() > 100


def test_the_stated_error_is_that_between_seeds(engine, guest, slate):
    ids = slate.items[:2]
    drawn = [wb.why_above(engine, guest, *ids, budget=128, seed=s).events for s in range(12)]
    seen = np.stack([e.sort("item_id")["difference"].to_numpy() for e in drawn]).var(axis=0, ddof=1)
    stated = np.mean([e.sort("item_id")["error"].to_numpy() ** 2 for e in drawn], axis=0)
    assert 0.6 < np.sqrt(stated.sum() / seen.sum()) < 1.6


def test_a_linear_model_has_its_differences_in_closed_form(world_split, guest):
    ease = wb.create("ease").fit(world_split.train)
    ids = wb.slate(ease, guest, 5).items
    found = wb.why_above(ease, guest, ids[0], ids[4], budget=1)
    assert (found.events["error"] == 0).all()
    assert abs(found.event_residual) < 1e-4
    person = Profiles.of(guest, ease.catalogue)
    above, below = (ease.event_shares(person, int(c)) for c in codes(ease, ids[0], ids[4]))
    expected = dict(zip(ease.catalogue.take(person.item), above - below, strict=True))
    for item, difference in found.events.select("item_id", "difference").iter_rows():
        assert difference == pytest.approx(expected[item], abs=1e-5)


@pytest.mark.parametrize("name", ["popularity", "item-knn", "content"])
def test_a_model_without_features_is_told_by_events_alone(world_split, guest, name):
    model = wb.create(name).fit(world_split.train)
    ids = wb.slate(model, guest, 10).items
    found = wb.why_above(model, guest, ids[0], ids[9], budget=64)
    assert found.features.height == found.groups.height == 0
    assert np.isnan(found.residual)
    assert found.swap is None
    assert found.swaps == []
    assert "swap" not in found.sentence
    assert "single feature" not in found.sentence
    assert abs(found.event_residual) < 1e-4
    if name == "popularity":
        assert found.events["difference"].abs().max() == 0
        assert "In the history" not in found.sentence
        assert found.event_base == pytest.approx(found.score_above - found.score_below)


# --- swaps ---------------------------------------------------------------------------------------


def close_pairs(engine, people):
    for profile in people:
        items = wb.slate(engine, profile, 10).items
        for place in (0, 4, 8):
            yield profile, items[place], items[place + 1]


@pytest.fixture(scope="module")
def found(engine, world_split):
    people = world_split.train.profiles(world_split.guests)[:4]
    return [
        (profile, wb.why_above(engine, profile, above, below, budget=1))
        for profile, above, below in close_pairs(engine, people)
    ]


def changed(engine, profile, why, swap, value):
    """Both scores, where one feature of one item has another value."""
    names, matrix = engine.pair_features(
        Profiles.of(profile, engine.catalogue), codes(engine, why.above, why.below)
    )
    matrix[int(swap.item_id == why.below), names.index(swap.feature)] = value
    return engine.ranker_.predict(matrix)


def needed(swap, steps=0):
    """The value that swaps, or one nearer to what is by one place of a float."""
    value = np.float32(swap.needed)
    if not swap.at_least:
        value = np.nextafter(value, np.float32(-np.inf))
    towards = np.float32(-np.inf if swap.at_least else np.inf)
    for _ in range(steps):
        value = np.nextafter(value, towards)
    return value


def test_a_swap_swaps_and_the_least_less_does_not(engine, found):
    seen = [(p, why, swap) for p, why in found for swap in why.swaps][::4]
    assert len(seen) > 10
    assert {swap.at_least for _, _, swap in seen} == {True, False}
    assert {swap.item_id == why.above for _, why, swap in seen} == {True, False}
    for profile, why, swap in seen:
        above, below = changed(engine, profile, why, swap, needed(swap))
        assert (above, below) == (swap.score_above, swap.score_below)
        assert above < below or (above == below and why.above > why.below)
        if needed(swap, 1) != np.float32(swap.value):
            above, below = changed(engine, profile, why, swap, needed(swap, 1))
            assert above > below or (above == below and why.above < why.below)


def test_no_smaller_change_of_the_feature_swaps_them(engine, found):
    """Against a fine grid of values between what is and what is needed, and far beyond."""
    tried = 0
    for profile, why in found:
        smallest = {(s.feature, s.item_id): s for s in why.swaps}
        names, matrix = engine.pair_features(
            Profiles.of(profile, engine.catalogue), codes(engine, why.above, why.below)
        )
        splits = split_values(engine.ranker_)
        for feature in range(0, len(names), 5):
            for side, item in enumerate((why.above, why.below)):
                now = matrix[side, feature]
                if np.isnan(now) or len(splits[feature]) == 0:
                    continue
                grid = np.linspace(splits[feature][0] - 1, splits[feature][-1] + 1, 201)
                rows = np.repeat(matrix[side][None], len(grid), axis=0)
                rows[:, feature] = grid
                scores = engine.ranker_.predict(rows)
                other = engine.ranker_.predict(matrix)[1 - side]
                turned = scores < other if side == 0 else scores > other
                swap = smallest.get((names[feature], item))
                if swap is None:
                    assert not turned.any() or _same_for_all(engine, profile, feature)
                elif turned.any():
                    nearest = np.abs(grid[turned].astype(np.float32) - now).min()
                    assert nearest >= abs(swap.needed - swap.value) * (1 - 1e-5) - 1e-6
                    tried += 1
    assert tried > 5


def _same_for_all(engine, profile, feature):
    person = Profiles.of(profile, engine.catalogue)
    candidates = np.flatnonzero(np.isfinite(engine.score(person)[0]))
    column = engine.pair_features(person, candidates)[1][:, feature]
    return np.nanmin(column) == np.nanmax(column)


def test_the_smallest_swap_of_all_comes_first(found):
    for _, why in found:
        sizes = [swap.size for swap in why.swaps]
        assert sizes == sorted(sizes)
        assert why.swap == (why.swaps[0] if why.swaps else None)
        assert len({(s.feature, s.item_id) for s in why.swaps}) == len(why.swaps)
        if why.swap is None:
            assert "No single feature" in why.sentence


def test_features_of_the_person_are_not_changed_for_one_item(found):
    names = {swap.feature for _, why in found for swap in why.swaps}
    assert names
    assert not {n for n in names if n.startswith("history_length")}


def test_split_values_are_those_of_the_trees(engine):
    frame = engine.ranker_.boosters[0].trees_to_dataframe()
    frame = frame[frame["Feature"] != "Leaf"]
    for n, values in enumerate(split_values(engine.ranker_)):
        mine = frame[frame["Feature"].isin([f"f{n}", engine.ranker_.names[n]])]["Split"].to_numpy()
        np.testing.assert_array_equal(values, np.unique(mine.astype(np.float32)))


# --- words ---------------------------------------------------------------------------------------


def test_every_number_of_the_sentence_is_in_the_frames(engine, found):
    titles = dict(engine.tables_.items.select("item_id", "title").iter_rows())
    claims = counts = 0
    for _, why in found:
        lead = why.score_above - why.score_below
        assert why.sentence.startswith(
            f"“{titles[why.above]}” stands above “{titles[why.below]}” by {lead:.2f} "
            f"({why.score_above:+.2f} to {why.score_below:+.2f})."
        )
        held = {f"“{titles[i]}”": d for i, d in why.events.select("item_id", "difference").rows()}
        held |= dict(why.groups.select("group", "difference").rows())
        for name, number in re.findall(r"(“[^”]+”|[a-z ]+) \(([+-]\d+\.\d\d)\)", why.sentence):
            name = re.sub(r"^ ?(and |Among what the ranker reads, )?", "", name).strip()
            assert f"{held[name]:+.2f}" == number
            claims += 1
        if why.swap is not None:
            told = re.search(r"They would swap if .* of (“[^”]+”): (.*)\.$", why.sentence)
            assert told[1] == f"“{titles[why.swap.item_id]}”"
            assert told[2].startswith(f"{why.swap.meaning}, ")
            logged = why.swap.unit == "log(1 + n)"
            held = [np.expm1(v) if logged else v for v in (why.swap.value, why.swap.needed)]
            said = told[2].removeprefix(why.swap.meaning)
            for number in re.findall(r"-?\d[\d.]*(?:e[+-]\d+)?", said.split(" (")[0]):
                assert min(abs(float(number) - v) for v in held) <= 5e-4 * max(
                    1, abs(float(number))
                )
                counts += logged
    assert claims > 20
    assert counts > 0


def test_events_that_chance_may_have_put_first_are_not_named(engine, first):
    titles = dict(engine.tables_.items.select("item_id", "title").iter_rows())
    difference = pl.col("difference").abs()
    unsure = replace(first, events=first.events.with_columns(error=difference * 0.51))
    assert "In the history" not in comparison(unsure, titles)
    sure = replace(first, events=first.events.with_columns(error=difference * 0.49))
    assert f"“{titles[first.events['item_id'][0]]}” (" in comparison(sure, titles)


# --- people and items of all kinds ---------------------------------------------------------------


def test_an_item_that_is_not_ranked_stands_below(engine, guest, slate):
    last = wb.slate(engine, guest, 10_000).items[-1]  # whose score some unranked items beat
    scores = engine.score(Profiles.of(guest, engine.catalogue))[0]
    for item in [
        i for i in engine.catalogue.take(np.flatnonzero(np.isnan(scores))) if i not in guest
    ][:8]:
        why = wb.why_above(engine, guest, last, item, budget=1)
        assert why.rank_below is None
        assert why.by_model
        assert "is not ranked at all" in why.sentence
        assert why.swaps == []  # no score would rank it
        assert "swap" not in why.sentence
    with pytest.raises(wb.ArgumentError, match=r"above: item .* is not in the list of this person"):
        wb.why_above(engine, guest, item, slate.items[0])


def test_a_person_without_history_is_told_by_features(engine):
    nobody = wb.Profile.of()
    ids = wb.slate(engine, nobody, 5).items
    why = wb.why_above(engine, nobody, ids[0], ids[4])
    assert why.events.height == 0
    assert abs(why.residual) < 1e-4
    assert "In the history" not in why.sentence


def test_a_model_that_cannot_score_an_empty_history_has_no_shares(world_split, guest):
    class Silent(type(wb.create("ease"))):
        has_event_shares = False

        def score(self, profiles, items=None):
            scores = super().score(profiles, items).copy()
            scores[profiles.lengths == 0] = np.nan
            return scores

    model = Silent().fit(world_split.train)
    ids = wb.slate(model, guest, 5).items
    why = wb.why_above(model, guest, ids[0], ids[4], budget=1)
    assert why.events["difference"].null_count() == why.events.height
    assert "nan" not in why.sentence.lower()


def test_equal_scores_are_said_to_be_equal(world_split, guest):
    flat = wb.FromFunction(lambda p, items: dict.fromkeys(items["item_id"], 0.0))
    flat.fit(world_split.train)
    ids = wb.slate(flat, guest, 3).items
    why = wb.why_above(flat, guest, ids[0], ids[2], budget=1)
    assert "have the same score" in why.sentence
    with pytest.raises(wb.ArgumentError, match="turn them round"):
        wb.why_above(flat, guest, ids[2], ids[0])


def test_what_cannot_be_asked_is_refused_in_words(engine, guest, slate):
    above, below = slate.items[:2]
    with pytest.raises(wb.ArgumentError, match=r"below: the model ranks item .* turn them round"):
        wb.why_above(engine, guest, below, above)
    with pytest.raises(wb.ArgumentError, match="above and below are both"):
        wb.why_above(engine, guest, above, above)
    with pytest.raises(wb.ArgumentError, match="above: 'x' is not in the catalogue"):
        wb.why_above(engine, guest, "x", below)
    with pytest.raises(wb.ArgumentError, match="below: 'x' is not in the catalogue"):
        wb.why_above(engine, guest, above, "x")
    with pytest.raises(wb.ArgumentError, match="profile must be a Profile"):
        wb.why_above(engine, [guest], above, below)
    with pytest.raises(wb.ArgumentError, match="k must be"):
        wb.why_above(engine, guest, above, below, k=0)
    with pytest.raises(wb.ArgumentError, match="budget must be"):
        wb.why_above(engine, guest, above, below, budget=0)
    with pytest.raises(RuntimeError, match="has not been fitted"):
        wb.why_above(wb.Engine(), guest, above, below)


def test_an_item_that_cannot_be_scored_is_refused(world_split, guest):
    def half(profile, items):
        return dict.fromkeys(items["item_id"].to_list()[::2], 1.0)

    model = wb.FromFunction(half).fit(world_split.train)
    catalogue: Vocabulary = model.catalogue
    odd = next(i for i in catalogue.take(np.arange(1, 100, 2)) if i not in guest)
    with pytest.raises(wb.ArgumentError, match=r"below: .* cannot score item"):
        wb.why_above(model, guest, wb.slate(model, guest).items[0], odd)
