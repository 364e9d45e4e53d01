"""wb.explain: what is on the screen adds up, and every claim of the sentence is in the frames."""

import re

import numpy as np
import pytest

import workbench as wb
from workbench.profiles import Profiles


@pytest.fixture(scope="module")
def why(engine, guest):
    return wb.explain(engine, guest, wb.slate(engine, guest).items[0])


def test_the_score_is_the_one_on_the_slate(engine, guest, why):
    assert why.score == wb.slate(engine, guest).frame["score"][0]


def test_both_kinds_of_shares_add_up_to_the_score(why):
    assert abs(why.residual) < 1e-4
    assert abs(why.score - why.base - why.features["share"].sum()) < 1e-4
    assert abs(why.event_residual) < 1e-4
    assert abs(why.score - why.event_base - why.events["share"].sum()) < 1e-4
    assert why.features["share"].abs().max() > 0.01


def test_shares_of_features_equal_those_of_shap(engine, guest, why):
    import shap

    code = np.array([engine.catalogue.code(why.item_id)])
    names, matrix = engine.pair_features(Profiles.of(guest, engine.catalogue), code)
    reference = shap.TreeExplainer(engine.ranker_.boosters[0]).shap_values(matrix)[0]
    ours = dict(why.features.select("name", "share").iter_rows())
    np.testing.assert_allclose([ours[n] for n in names], reference, atol=1e-4)


def test_removal_is_the_score_of_the_person_without_the_item(engine, guest, why):
    code = np.array([engine.catalogue.code(why.item_id)])
    for item_id, removal in why.events.select("item_id", "removal").head(4).iter_rows():
        lesser = Profiles.of(guest.without(item_id), engine.catalogue)
        assert why.score - removal == pytest.approx(engine.score_pairs(lesser, code)[0, 0])


def test_every_claim_of_the_sentence_is_in_the_frames(engine, why):
    titles = dict(engine.tables_.items.select("item_id", "title").iter_rows())
    removal = {titles[i]: r for i, r in why.events.select("item_id", "removal").iter_rows()}
    group = dict(why.groups.iter_rows())
    claims = re.findall(r"(?:“([^”]+)”|([a-z ]+)) \(([+-]\d+\.\d\d)\)", why.sentence)
    assert len(claims) >= 3
    for title, words, number in claims:
        words = re.sub(r"^ ?(and|most for it|most against it) ", "", words).strip()
        held = removal[title] if title else group[words]
        assert f"{held:+.2f}" == number
    assert why.sentence.startswith(f"“{titles[why.item_id]}” scores {why.score:+.2f} because you ")


def test_a_sentence_says_liked_only_of_what_was_liked(engine, world_split):
    disliked = wb.Profile.of(
        engine.catalogue.take([3, 4]), values=[1, 1], timestamps=[1e9, 1e9], as_of=1e9
    )
    why = wb.explain(engine, disliked, engine.catalogue.id(7))
    assert "liked" not in why.sentence


def test_a_person_without_history_is_explained_by_the_features_alone(engine):
    nobody = wb.Profile.of()
    why = wb.explain(engine, nobody, wb.slate(engine, nobody).items[0])
    assert why.events.height == 0
    assert abs(why.residual) < 1e-4
    assert "without any history" in why.sentence


@pytest.mark.parametrize("name", ["ease", "popularity", "item-knn"])
def test_any_model_is_explained_by_events(world_split, guest, name):
    model = wb.create(name).fit(world_split.train)
    why = wb.explain(model, guest, wb.slate(model, guest).items[0])
    assert why.features.height == 0
    assert abs(why.residual) < 1e-4
    if name == "popularity":
        assert why.events["removal"].abs().max() == 0


def test_what_cannot_be_explained_is_refused_in_words(engine, guest):
    with pytest.raises(wb.ArgumentError, match="not in the catalogue"):
        wb.explain(engine, guest, "no such item")
    with pytest.raises(wb.ArgumentError, match="must be a Profile"):
        wb.explain(engine, [1, 2], engine.catalogue.id(0))
    with pytest.raises(RuntimeError, match="has not been fitted"):
        wb.explain(wb.Engine(), guest, 1)


def test_the_rule_is_the_reason_shown(world_split, guest):
    rules = wb.create("rules", min_support=0.02).fit(world_split.train)
    slate = wb.slate(rules, guest)
    why = wb.explain(rules, guest, slate.items[0])
    rule = rules.reason(Profiles.of(guest, rules.catalogue), rules.catalogue.code(slate.items[0]))
    assert rule is not None
    assert why.sentence.endswith(f" {rule.sentence()}.")


def test_sampled_shares_that_cannot_tell_which_is_first_say_so(engine, guest):
    item = wb.slate(engine, guest).items[0]
    assert len(guest.items) > 8
    assert wb.explain(engine, guest, item, budget=1).agreement is None
    assert wb.explain(engine, guest, item, budget=1).events["error"].null_count() > 0
    sure = wb.explain(engine, wb.Profile(guest.history[:3], {}, guest.context), item)
    assert sure.agreement in (True, False)


def test_a_model_that_cannot_score_an_empty_history_has_no_shares(world_split, guest):
    class Silent(type(wb.create("ease"))):
        has_event_shares = False

        def score(self, profiles, items=None):
            scores = super().score(profiles, items).copy()
            scores[profiles.lengths == 0] = np.nan
            return scores

    model = Silent().fit(world_split.train)
    why = wb.explain(model, guest, wb.slate(model, guest).items[0], budget=1)
    assert np.isnan(why.event_base)
    assert why.events["share"].null_count() == why.events.height
    assert why.agreement is None
    assert "nan" not in why.sentence
    assert why.events["removal"].null_count() == 0
