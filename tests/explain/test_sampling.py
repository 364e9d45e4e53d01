"""Sampling of event shares: it goes on where it stopped, errors are honest, groups are exact."""

import numpy as np
import polars as pl
import pytest

import workbench as wb
from workbench.explain import genre_groups as groups_of_genre
from workbench.explain.coalitions import players
from workbench.explain.genre_groups import genre_groups
from workbench.explain.sampling import Drawn, exact, sampled
from workbench.explain.shares import event_shares, refined_shares
from workbench.profiles import Profiles

N = 12
DRAW = np.random.default_rng(5)
WEIGHT = DRAW.normal(size=N)
BETWEEN = np.triu(DRAW.normal(size=(N, N)), 1)


def game(masks):
    """Players with a worth of their own, and one for each two that are together."""
    own = masks.astype(float)
    return own @ WEIGHT + np.einsum("mi,ij,mj->m", own, BETWEEN, own)


VALUE = WEIGHT + (BETWEEN.sum(axis=0) + BETWEEN.sum(axis=1)) / 2
"""Shapley's value of the game: each keeps its own and halves what it shares."""


def steep(masks):
    """A game whose pairs of orders differ."""
    return np.tanh(game(masks) / 3)


def test_exact_values_are_those_of_a_game_solved_by_hand():
    np.testing.assert_allclose(exact(game, N), VALUE, atol=1e-9)


def test_an_order_and_its_reverse_solve_a_game_of_pairs():
    once = sampled(game, N, 1, 0, Drawn.nothing(N))
    np.testing.assert_allclose(once.mean, VALUE, atol=1e-9)
    assert np.isnan(once.error).all()


def test_drawing_on_equals_drawing_at_once_to_the_bit():
    whole = sampled(steep, N, 10, 7, Drawn.nothing(N))
    part = sampled(steep, N, 4, 7, Drawn.nothing(N))
    rest = sampled(steep, N, 6, 7, part)
    assert rest.pairs == whole.pairs == 10
    np.testing.assert_array_equal(rest.mean, whole.mean)
    np.testing.assert_array_equal(rest.squares, whole.squares)
    assert not np.array_equal(part.mean, whole.mean)
    assert not np.array_equal(sampled(steep, N, 10, 8, Drawn.nothing(N)).mean, whole.mean)


def test_the_errors_are_as_large_as_they_say():
    """Over many seeds, distances to the truth in standard errors have a spread of about one."""
    truth = exact(steep, N)
    found = [sampled(steep, N, 30, seed, Drawn.nothing(N)) for seed in range(60)]
    off = np.array([(one.mean - truth) / one.error for one in found])
    assert 0.85 < off.std() < 1.2
    assert abs(off.mean()) < 0.15
    assert found[0].error.max() < 0.1


def test_groups_share_exactly_and_their_players_by_owens_value():
    group = np.array([0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 2])
    of_groups = exact(lambda masks: steep(masks[:, group]), 3)
    found = sampled(steep, N, 40, 0, Drawn.nothing(N), group, of_groups)
    np.testing.assert_allclose(np.bincount(group, found.mean), of_groups, atol=1e-9)
    free = sampled(steep, N, 40, 0, Drawn.nothing(N), group)
    assert np.abs(np.bincount(group, free.mean) - of_groups).max() > 1e-4
    # Of a game of pairs Owen's value is known: it is Shapley's.
    once = sampled(game, N, 1, 0, Drawn.nothing(N), group)
    np.testing.assert_allclose(once.mean, VALUE, atol=1e-9)
    truth = sampled(steep, N, 3_000, 1, Drawn.nothing(N), group)
    shapley = exact(steep, N)
    assert np.abs(found.mean - truth.mean).max() < 5 * found.error.max()
    assert np.abs(truth.mean - shapley).max() > 5 * truth.error.max()  # another question


def test_groups_enter_one_after_the_other():
    group = np.array([0, 1, 2] * 4)
    seen = []

    def worth(masks):
        seen.append(masks)
        return game(masks)

    sampled(worth, N, 3, 0, Drawn.nothing(N), group)
    inside = seen[0][:, group == 0].any(axis=1) & ~seen[0][:, group == 0].all(axis=1)
    for other in (1, 2):
        part = seen[0][:, group == other]
        assert (part.all(axis=1) | ~part.any(axis=1))[inside].all()


@pytest.mark.full
def test_values_by_groups_agree_with_the_partition_explainer_of_shap():
    """On a hierarchy of two groups of two, which both of them solve exactly."""
    import shap

    n, group = 4, np.array([0, 0, 1, 1])
    tree = np.array([[0, 1, 1.0, 2], [2, 3, 1.0, 2], [4, 5, 2.0, 4]])

    def small(masks):
        own = masks.astype(float)
        pairs = np.einsum("mi,ij,mj->m", own, BETWEEN[:n, :n], own)
        return np.tanh(own @ WEIGHT[:n] + pairs)

    masker = shap.maskers.Independent(np.zeros((1, n)))
    masker.clustering = tree
    explainer = shap.explainers.Partition(lambda x: small(x > 0.5), masker)
    reference = explainer(np.ones((1, n)), max_evals=500, silent=True).values[0]
    of_groups = exact(lambda masks: small(masks[:, group]), 2)
    ours = sampled(small, n, 200, 0, Drawn.nothing(n), group, of_groups)
    np.testing.assert_allclose(ours.mean, reference, atol=5 * ours.error.max() + 1e-6)
    np.testing.assert_allclose(np.bincount(group, reference), of_groups, atol=1e-6)


# --- the whole way: an engine, and explanations ------------------------------------------------


@pytest.fixture(scope="module")
def why(engine, guest):
    return wb.explain(engine, guest, wb.slate(engine, guest).items[1], budget=120)


def test_refined_goes_on_and_the_error_shrinks(engine, guest, why):
    assert why.event_method == "sampled"
    further = why.refined(1_500)
    again = why.refined(1_500)
    assert further.events.equals(again.events)
    assert further.n_scored > 10 * why.n_scored
    assert further.events["error"].mean() < 0.5 * why.events["error"].mean()
    assert abs(further.event_residual) < 1e-4
    assert not further.events["share"].equals(why.events["share"])
    for name in ("features", "context", "policy"):
        assert getattr(further, name).equals(getattr(why, name))
    assert (further.score, further.rank, further.place) == (why.score, why.rank, why.place)
    both = why.events.join(further.events, "item_id")
    assert (both["removal"] == both["removal_right"]).all()


def test_half_and_half_is_the_whole(engine, guest):
    item = wb.slate(engine, guest).items[0]
    pair = 2 * (len(guest.items) - 1)
    whole = wb.explain(engine, guest, item, budget=6 * pair)
    half = wb.explain(engine, guest, item, budget=3 * pair).refined(2 * pair).refined(pair)
    assert whole.events.equals(half.events)
    assert whole.words == half.words


def test_refined_scores_only_what_is_new(engine, guest, why, monkeypatch):
    scored = []
    score = type(engine).score_pairs
    monkeypatch.setattr(
        type(engine),
        "score_pairs",
        lambda self, people, items=None: scored.append(len(people)) or score(self, people, items),
    )
    further = why.refined(200)
    assert sum(scored) == further.n_scored - why.n_scored <= 202
    with pytest.raises(wb.ArgumentError, match="budget must be a whole number of at least 1"):
        why.refined(0)


def test_exact_shares_stay_as_they_are(engine, guest):
    short = wb.Profile(guest.history[:5], {}, guest.context)
    why = wb.explain(engine, short, wb.slate(engine, short).items[0])
    assert why.event_method == "exact"
    assert why.refined(1_000).events.equals(why.events)
    assert why.refined(1_000).n_scored == why.n_scored


def test_a_model_that_cannot_score_some_coalition_has_no_shares(world_split, guest):
    def rule(profile, items):
        few = 1 < len(profile.history) < 4
        return {} if few else dict.fromkeys(items["item_id"], float(len(profile.history)))

    model = wb.FromFunction(rule).fit(world_split.train)
    for n in (5, 14):
        profile = wb.Profile(guest.history[:n], {}, guest.context)
        item = wb.slate(model, profile).items[0]
        why = wb.explain(model, profile, item)
        assert why.event_method == "none"
        assert why.events["share"].null_count() == why.events.height
        assert why.event_base == 0
        assert why.agreement is None
        assert not why.words or "share" not in why.words[0]
        assert why.refined(10).event_method == "none"


@pytest.fixture
def long(engine, guest, monkeypatch):
    """Somebody with a long history, as far as a small world goes."""
    monkeypatch.setattr(groups_of_genre, "LONG", 20)
    ids = engine.catalogue.take(np.arange(3, 143, 4).tolist())
    return wb.Profile.of(ids, [4.0] * len(ids), as_of=guest.as_of)


def test_a_long_history_is_explained_by_genre_first(engine, long):
    item = wb.slate(engine, long).items[0]
    why = wb.explain(engine, long, item, budget=600)
    assert why.event_method == "grouped"
    assert abs(why.event_residual) < 1e-4
    frame = why.event_groups
    assert 2 <= frame.height <= 6
    assert frame["n"].sum() == why.events.height
    assert abs(frame["share"].sum() - (why.score - why.event_base)) < 1e-4
    # The groups' shares are Shapley's of the game among groups, and the events add up to them.
    person = Profiles.of(long, engine.catalogue)
    names, group = genre_groups(engine, person)
    where = dict(zip(engine.catalogue.take(players(person)), group, strict=True))
    sums = why.events.group_by(
        pl.col("item_id").replace_strict(where, return_dtype=pl.Int64).alias("g")
    ).agg(pl.col("share").sum())
    for g, share in sums.iter_rows():
        assert share == pytest.approx(dict(frame.select("group", "share").rows())[names[g]])
    genres = dict(engine.tables_.items.select("item_id", "genres").rows())
    for item_id, g in where.items():
        assert names[g] == "other" or names[g] in genres[item_id]
    further = why.refined(600)
    assert further.event_groups.equals(frame)
    assert further.events["error"].mean() < why.events["error"].mean()
    said = [words for words in why.words if words.startswith("The history by genre: ")]
    assert len(said) == 1
    assert f"{frame['group'][0]} ({frame['share'][0]:+.2f})" in said[0]


def test_groups_are_left_out_where_there_is_nothing_to_group_by(engine, world_split, long, guest):
    ids = long.items
    assert genre_groups(engine, Profiles.of(guest, engine.catalogue)) is None
    user_knn = wb.create("user-knn").fit(world_split.train)
    assert genre_groups(user_knn, Profiles.of(long, user_knn.catalogue)) is None
    why = wb.explain(user_knn, long, wb.slate(user_knn, long).items[0], budget=100)
    assert why.event_method == "sampled"
    assert why.event_groups.height == 0
    assert len(ids) == why.events.height


def test_refined_shares_of_a_closed_form_are_the_same(world_split, guest):
    ease = wb.create("ease").fit(world_split.train)
    person = Profiles.of(guest, ease.catalogue)
    found = event_shares(ease, person, 3)
    assert refined_shares(ease, person, 3, found, budget=100) is found
