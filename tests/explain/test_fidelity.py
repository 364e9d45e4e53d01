"""How good explanations are: told truly, against chance, and weak where they are."""

import numpy as np
import polars as pl
import pytest

import workbench as wb
from workbench.explain.coalitions import players
from workbench.explain.curves import areas, steps
from workbench.explain.fidelity import FIDELITY, verdict_words, verdicts
from workbench.explain.fidelity_measures import _removal, _shares, of_events
from workbench.explain.likeness import carriers, order, rank_correlation, same_first, same_top
from workbench.explain.removal import removals
from workbench.profiles import Profiles


@pytest.fixture(scope="module")
def guests(world_split):
    return world_split.train.profiles(world_split.guests)


@pytest.fixture(scope="module")
def ease(world_split):
    return wb.create("ease").fit(world_split.train)


@pytest.fixture(scope="module")
def found(engine, guests):
    return wb.fidelity(engine, guests, max_people=8, budget=128, who="guests")


def row(found, kind, measure):
    return found.filter(type=kind, measure=measure).row(0, named=True)


# --- the parts ------------------------------------------------------------------------------------


def test_areas_of_a_sum_are_as_worked_out_by_hand():
    weight = np.array([1.0, 4.0, 2.0, 3.0])
    best, worst = areas(lambda m: m @ weight, [order(weight), order(-weight)], 6, seed=0)
    # Put back 4, 3, 2, 1: 0, 4, 7, 9, 10, of which trapezoids make 25 / 4.
    assert (best.insertion, best.deletion) == (6.25, 6.25)
    assert (worst.insertion, worst.deletion) == (3.75, 3.75)
    # An order and its reverse together know nothing of a sum: half of the way.
    assert best.by_chance == worst.by_chance == pytest.approx((5.0, 5.0))


def test_areas_start_from_the_score_without_any_part():
    (found,) = areas(lambda m: 7.0 + m.sum(axis=1), [np.arange(3)], 2, seed=0)
    assert (found.deletion, found.insertion) == (1.5, 1.5)
    assert found.by_chance == pytest.approx((1.5, 1.5))


def test_areas_of_what_counts_only_together_differ():
    both = lambda m: (m[:, 0] & m[:, 1]).astype(float)  # noqa: E731
    first, last = areas(both, [np.array([0, 1, 2, 3]), np.array([2, 3, 0, 1])], 400, seed=1)
    assert first.deletion == pytest.approx(1 - 0.125)
    assert first.insertion == pytest.approx(0.625)
    assert last.deletion == pytest.approx(0.375)
    assert last.insertion == pytest.approx(0.125)
    assert last.deletion < first.by_chance[0] < first.deletion


def test_equal_coalitions_are_scored_once():
    asked = []
    areas(lambda m: (asked.append(m), m.sum(axis=1) * 1.0)[1], [np.arange(30)], 10, seed=0)
    (masks,) = asked
    assert len(np.unique(masks, axis=0)) == len(masks)
    assert masks.all(axis=1).sum() == (~masks).all(axis=1).sum() == 1


@pytest.mark.parametrize("n", [1, 2, 9, 10, 11, 25, 266])
def test_a_curve_is_read_at_the_same_places_from_both_ends(n):
    found = steps(n)
    assert found[0] == 0
    assert found[-1] == n
    assert (np.diff(found) > 0).all()
    assert (n - found[::-1] == found).all()
    assert len(found) <= 22


def test_likeness_of_two_explanations():
    one, two = np.array([5.0, 4.0, 3.0, -2.0, 0.0]), np.array([4.0, 5.0, -3.0, 0.0, 1.0])
    assert same_top(one, two) == pytest.approx(2 / 3)
    assert same_first(one, two) == 0.0
    assert same_first(one, one) == 1.0
    # Ranks 5 4 3 1 2 and 4 5 1 2 3: 1 - 6 * (1 + 1 + 4 + 1 + 1) / (5 * 24)
    assert rank_correlation(one, two) == pytest.approx(0.6)
    assert carriers(one) == 3  # 5 + 4 + 3 of 14
    assert carriers(np.array([1.0, -1.0, 1.0, 1.0, -1.0])) == 4


def test_what_says_nothing_is_nan_and_not_agreement():
    flat, some = np.zeros(5), np.arange(5.0)
    unknown = np.array([1.0, np.nan, 2.0, 3.0, 4.0])
    for other in (flat, unknown):
        assert np.isnan([same_top(some, other), same_first(some, other)]).all()
        assert np.isnan(rank_correlation(some, other))
    assert np.isnan(carriers(flat))
    assert np.isnan(same_top(some[:3], some[:3]))  # any three of three agree


# --- the whole ------------------------------------------------------------------------------------


def test_each_type_has_its_measures_and_one_verdict(found):
    assert found.schema == pl.Schema(FIDELITY)
    measures = found.group_by("type", maintain_order=True).agg("measure", "verdict")
    both = ["agreement", "same_first", "sparsity"]
    drawn = ["stability_seed", "stability_resample"]
    assert dict(measures.select("type", "measure").iter_rows()) == {
        "shares": ["deletion", "insertion", *drawn, *both],
        "removal": ["deletion", "insertion", "stability_resample", *both],
        "features": ["deletion", "insertion", "stability_resample", *both],
    }
    assert measures["verdict"].list.n_unique().to_list() == [1, 1, 1]
    assert (found["n"] <= 8).all()
    assert found["definition"].str.contains("8 guests").all()
    known = found.drop_nulls("low")
    assert (known["low"] <= known["value"]).all()
    assert (known["value"] <= known["high"]).all()
    np.testing.assert_allclose(found["gain"], found["value"] - found["random"], atol=1e-9)


def test_removal_and_features_of_an_engine_beat_chance(found):
    told = verdicts(found)
    assert told["removal"] == told["features"] == "strong"
    for kind in ("removal", "features"):
        for measure in ("deletion", "insertion"):
            assert row(found, kind, measure)["gain_low"] > 0


def test_the_same_call_says_the_same(engine, guests, found):
    assert wb.fidelity(engine, guests, max_people=8, budget=128, who="guests").equals(found)


def test_deletion_is_what_scoring_shorter_profiles_gives(engine, guest):
    person = Profiles.of(wb.Profile(guest.history[:6], guest.attributes, guest.context),
                         engine.catalogue)  # fmt: skip
    (p,), n = list(person), 6
    item = np.array([engine.catalogue.code(wb.slate(engine, p).items[0])])

    def score(profile):
        return float(engine.score_pairs(Profiles.of(profile, engine.catalogue), item)[0, 0])

    ids = engine.catalogue.take(players(person))
    lost = [score(p) - score(p.without(one)) for one in ids]
    left, curve = p, [score(p)]
    for place in np.argsort(-np.array(lost), kind="stable"):
        left = left.without(ids[place])
        curve.append(score(left))
    expected = curve[0] - np.trapezoid(curve, np.arange(n + 1) / n)
    figures = of_events(engine, person, int(item[0]), 64, 4, seed=0)
    (deletion,) = [m for m in figures if (m.type, m.measure) == ("removal", "deletion")]
    assert deletion.value == pytest.approx(expected, abs=1e-6)


def test_the_removal_that_is_tried_is_the_one_that_is_shown(engine, guests):
    person = guests[0:1]
    item = engine.catalogue.code(wb.slate(engine, person[0]).items[0])
    shown = removals(engine, person, item).removal
    np.testing.assert_array_equal(_removal(engine, person, item), shown)


def test_shares_and_removal_of_a_linear_model_are_the_same(ease, guests):
    found = wb.fidelity(ease, guests, max_people=8)
    assert set(found["type"]) == {"shares", "removal"}
    assert row(found, "shares", "agreement")["value"] > 0.99
    assert row(found, "shares", "stability_seed")["value"] == 1.0
    assert set(verdicts(found).values()) == {"strong"}
    # A sum falls and rises by the same area.
    deletion, insertion = (row(found, "shares", m)["value"] for m in ("deletion", "insertion"))
    assert deletion == pytest.approx(insertion, abs=1e-4)


class _Liar(type(wb.create("ease"))):
    """Scores as EASE does, and tells shares drawn by chance."""

    def event_shares(self, profile, item):
        return np.random.default_rng(len(profile.item)).normal(size=len(profile.item))


def test_shares_that_are_invented_are_called_weak(world_split, guests):
    liar = _Liar().fit(world_split.train)
    found = wb.fidelity(liar, guests, max_people=12)
    assert verdicts(found) == {"shares": "weak", "removal": "strong"}
    assert "weak" in verdict_words(found, "shares")
    assert "clearly better than chance" in verdict_words(found, "removal")
    assert abs(row(found, "shares", "agreement")["value"]) < 0.4


def test_the_words_hold_the_figures(found):
    one = row(found, "removal", "deletion")
    said = verdict_words(found, "removal")
    for figure in (f"{one['value']:.2f}", f"{one['random']:.2f}", f"({one['n']} people)"):
        assert figure in said
    assert "told again" not in said  # nothing is drawn for it
    again = row(found, "shares", "stability_seed")["value"]
    assert f"{again:.0%} are told again" in verdict_words(found, "shares")
    assert verdict_words(found, "nothing of the kind") == ""


def test_what_all_agree_on_still_has_an_interval(ease, guests):
    one = row(wb.fidelity(ease, guests, max_people=8), "shares", "stability_seed")
    assert one["value"] == one["high"] == 1.0
    assert one["low"] < 1.0
    assert one["gain_low"] == pytest.approx(one["low"] - one["random"])


def test_a_model_that_ignores_the_history_has_weak_explanations(world_split, guests):
    found = wb.fidelity(wb.create("popularity").fit(world_split.train), guests, max_people=6)
    assert set(verdicts(found).values()) == {"weak"}
    assert row(found, "removal", "deletion")["value"] == 0.0
    assert row(found, "removal", "agreement")["value"] is None
    assert row(found, "removal", "agreement")["n"] == 0


def test_a_model_that_cannot_score_an_empty_history_is_measured_where_it_can(world_split, guests):
    class Silent(type(wb.create("ease"))):
        has_event_shares = False

        def score(self, profiles, items=None):
            scores = super().score(profiles, items).copy()
            scores[profiles.lengths == 0] = np.nan
            return scores

    found = wb.fidelity(Silent().fit(world_split.train), guests, max_people=4)
    assert row(found, "shares", "deletion")["n"] == 0
    assert row(found, "removal", "sparsity")["n"] == 4
    assert set(verdicts(found).values()) == {"weak"}


def test_one_person_has_no_interval_and_no_strong_word(ease, guests):
    found = wb.fidelity(ease, guests[0:1])
    assert found["n"].unique().to_list() == [1]
    assert found["gain_low"].null_count() == found.height
    assert set(verdicts(found).values()) == {"weak"}


def test_people_who_cannot_be_asked_are_left_out(ease, guests):
    short = Profiles.of(
        [wb.Profile.of(), wb.Profile.of(items=[ease.catalogue.id(0)])], ease.catalogue
    )
    nobody = wb.fidelity(ease, short)
    assert nobody.schema == pl.Schema(FIDELITY)
    assert nobody.height == 0
    lengths = guests.lengths
    most = int(np.median(lengths))
    found = wb.fidelity(ease, guests, max_people=100, max_events=most)
    left_out = int((lengths > most).sum())
    assert found["n"].max() == len(guests) - left_out
    assert f"{left_out} with more than {most} events left out" in found["definition"][0]


def test_progress_is_told(ease, guests):
    heard = []
    wb.fidelity(ease, guests, max_people=3, say=heard.append)
    assert heard == ["1 of 3 people", "2 of 3 people", "3 of 3 people"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"k": 0}, "k must be a whole number of at least 1"),
        ({"max_people": 0}, "max_people must be a whole number of at least 1"),
        ({"max_events": 1.5}, "max_events must be a whole number"),
        ({"budget": True}, "budget must be a whole number"),
        ({"n_random": -1}, "n_random must be a whole number"),
        ({"seed": -1}, "seed must be a whole number"),
        ({"level": 1.0}, "level must be above 0 and below 1"),
        ({"n_boot": 5}, "n_boot must be a whole number of at least 100"),
    ],
)
def test_what_cannot_work_is_refused_before_anything_is_scored(ease, guests, arguments, words):
    with pytest.raises(wb.ArgumentError, match=words):
        wb.fidelity(ease, guests, **arguments)


def test_people_are_profiles_and_the_model_is_fitted(ease, guests):
    with pytest.raises(wb.ArgumentError, match="profiles must be Profiles, not list"):
        wb.fidelity(ease, [guests[0]])
    with pytest.raises(RuntimeError, match="has not been fitted"):
        wb.fidelity(wb.create("ease"), guests)


@pytest.mark.full
def test_on_movielens_removal_beats_chance_clearly():
    split = wb.split(wb.load("movielens-100k"), "per-user-time", test_fraction=0.2, guests=0.1)
    engine = wb.Engine(n_trees=80).fit(split.train)
    people = split.train.profiles(split.guests)
    found = wb.fidelity(engine, people, who="guests")
    assert verdicts(found)["removal"] == "strong"
    for measure in ("deletion", "insertion"):
        assert row(found, "removal", measure)["gain_low"] > 0.25


def test_the_shares_that_are_tried_are_those_that_are_shown(engine, guests):
    long = guests[int(guests.lengths.argmax())]
    person = Profiles.of(long, engine.catalogue)
    item = wb.slate(engine, long).items[0]
    shown = dict(
        wb.explain(engine, long, item, budget=200, seed=3).events.select("item_id", "share").rows()
    )
    tried = _shares(engine, person, engine.catalogue.code(item), 200, 3)
    ids = engine.catalogue.take(tried.item)
    np.testing.assert_allclose(tried.share, [shown[i] for i in ids], atol=1e-9)
