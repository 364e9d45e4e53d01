"""Neighbourhoods of ratings against Surprise: every kind, both ways round, every similarity."""

import itertools

import numpy as np
import polars as pl
import pytest

from workbench.data.dataset import Dataset
from workbench.errors import ArgumentError, CapabilityError
from workbench.models import ratings as rating_models
from workbench.models.rating_neighbours import KNNBaseline
from workbench.models.rating_similarity import MEASURES
from workbench.profile import Profile
from workbench.profiles import Profiles

KINDS = ("basic", "means", "baseline")
KINDS_BY = list(itertools.product(KINDS, ["user", "item"]))


def _theirs(kind, by, similarity, k, min_k=1):
    from surprise import KNNBaseline as Baseline
    from surprise import KNNBasic, KNNWithMeans

    cls = {"basic": KNNBasic, "means": KNNWithMeans, "baseline": Baseline}[kind]
    options = {"name": similarity, "user_based": by == "user"}
    return cls(k=k, min_k=min_k, sim_options=options, verbose=False)


def _ours(kind, by, similarity, k, min_k=1):
    shrinkage = 100.0 if similarity == "pearson_baseline" else 0.0
    return KNNBaseline(kind, by, similarity, shrinkage, k, min_k)


def _tied(trained, row, item, k):
    """Whether Surprise has to choose between neighbours of one similarity for the last place."""
    log = trained.trainset
    try:
        u, i = log.to_inner_uid(row), log.to_inner_iid(item)
    except ValueError:
        return False
    x, y = trained.switch(u, i)
    near = sorted((round(trained.sim[x, x2], 12) for x2, _ in trained.yr[y]), reverse=True)
    return len(near) > k and near[k - 1] == near[k] > 0


@pytest.mark.parametrize("k", [3, 60])
@pytest.mark.parametrize("similarity", MEASURES)
@pytest.mark.parametrize("by", ["user", "item"])
@pytest.mark.parametrize("kind", KINDS)
def test_scores_of_training_people_are_predictions_of_surprise(
    real_ratings, surprise_trained, surprise_table, kind, by, similarity, k
):
    people = real_ratings.profiles()
    trained = surprise_trained(_theirs(kind, by, similarity, k), real_ratings)
    expected = surprise_table(trained, len(people), real_ratings.n_items)
    scores = _ours(kind, by, similarity, k).fit(real_ratings).score(people)
    untied = np.array(
        [
            [not _tied(trained, u, i, k) for i in range(real_ratings.n_items)]
            for u in range(len(people))
        ]
    )
    assert untied.mean() > 0.98
    if by == "user" and similarity.startswith("pearson"):
        untied &= people.seen.toarray() == 0  # there Surprise sets the similarity to oneself to 1
    untied[:, -1] = True
    np.testing.assert_allclose(scores[untied], expected[untied], atol=1e-6)
    assert np.isnan(scores[:, -1]).all()
    assert np.isfinite(scores[:, :-1]).all()


@pytest.mark.parametrize(("kind", "by"), KINDS_BY)
def test_few_neighbours_and_clipping_are_those_of_surprise(
    surprise_trained, surprise_table, kind, by
):
    rng = np.random.default_rng(1)
    user, item = np.nonzero(rng.random((30, 25)) < 0.2)
    value = rng.choice([1.0, 5.0], len(user)) + rng.random(len(user)) * 1e-3
    log = Dataset(pl.DataFrame({"user_id": user, "item_id": item, "value": value}))
    people = log.profiles()
    trained = surprise_trained(_theirs(kind, by, "msd", 4, min_k=3), log)
    expected = surprise_table(trained, len(people), log.n_items)
    scores = _ours(kind, by, "msd", 4, min_k=3).fit(log).score(people)
    np.testing.assert_allclose(scores, expected, atol=1e-6)
    raw = [trained.predict(u, i, clip=False) for u in range(30) for i in range(log.n_items)]
    if kind == "basic":
        assert np.mean([p.details["was_impossible"] for p in raw]) > 0.1
    else:
        assert np.mean([p.details["actual_k"] < 3 for p in raw]) > 0.1
        assert any(p.est < value.min() or p.est > value.max() for p in raw)


@pytest.mark.parametrize("similarity", ["msd", "cosine", "pearson"])
@pytest.mark.parametrize("kind", ["basic", "means"])
def test_a_stranger_scores_as_if_they_had_been_in_the_log(
    real_ratings, surprise_trained, surprise_table, kind, similarity
):
    people = real_ratings.profiles()
    guest = people[17]
    without = real_ratings.replaced(real_ratings.interactions.filter(pl.col("user_id") != 17))
    trained = surprise_trained(_theirs(kind, "user", similarity, 8), real_ratings)
    expected = surprise_table(trained, len(people), real_ratings.n_items)[17]
    model = _ours(kind, "user", similarity, 8).fit(without)
    scores = model.score(Profiles.of(guest, real_ratings.catalogue))[0]
    unmet = people[17:18].seen.toarray()[0] == 0
    assert unmet.sum() > 5
    np.testing.assert_allclose(scores[unmet], expected[unmet], atol=1e-6)


def _tied_world(order):
    """Person 0 is as like 1 as 2 by msd, who differ about item 9; 3 is unlike and rated it too."""
    rows = [(0, 1, 3.0), (0, 2, 4.0)]
    rows += [(1, 1, 3.0), (1, 2, 4.0), (1, 9, 5.0), (2, 1, 3.0), (2, 2, 4.0), (2, 9, 2.0)]
    rows += [(3, 1, 5.0), (3, 2, 1.0), (3, 9, 1.0)]
    names = {0: 0, **dict(zip((1, 2, 3), order, strict=True))}
    return Dataset(
        pl.DataFrame(
            [(names[u], i, v) for u, i, v in rows],
            schema=["user_id", "item_id", "value"],
            orient="row",
        )
    )


def test_who_ties_for_the_last_place_shares_it(surprise_trained):
    """Surprise takes whoever comes first in the log; ours is the mean over all orders of it."""
    theirs, ours = [], []
    for order in itertools.permutations((1, 2, 3)):
        log = _tied_world(order)
        trained = surprise_trained(_theirs("basic", "user", "msd", 1), log)
        item = log.catalogue.code(9)
        theirs.append(trained.predict(0, item).est)
        ours.append(_ours("basic", "user", "msd", 1).fit(log).score(log.profiles()[:1])[0, item])
    assert set(theirs) == {5.0, 2.0}
    np.testing.assert_allclose(ours, np.mean(theirs), atol=1e-6)


@pytest.mark.parametrize("by", ["user", "item"])
def test_many_ties_are_the_mean_over_all_who_could_be_chosen(sparse_ratings, surprise_trained, by):
    """The mean is worked out one by one from every choice that Surprise could make."""
    k = 2
    trained = surprise_trained(_theirs("basic", by, "msd", k), sparse_ratings)
    model = _ours("basic", by, "msd", k).fit(sparse_ratings)
    scores = model.score(sparse_ratings.profiles())
    log, n_tied = trained.trainset, 0
    for inner in itertools.product(log.all_users(), log.all_items()):
        u, i = log.to_raw_uid(inner[0]), log.to_raw_iid(inner[1])
        x, y = trained.switch(*inner)
        near = sorted(((round(trained.sim[x, z], 12), r) for z, r in trained.yr[y]), reverse=True)
        if len(near) <= k or not near[k - 1][0] == near[k][0] > 0:
            continue
        n_tied += 1
        last = near[k - 1][0]
        above = [(s, r) for s, r in near if s > last]
        tied = [(s, r) for s, r in near if s == last]
        means = []
        for chosen in itertools.combinations(tied, k - len(above)):
            both = [*above, *chosen]
            means.append(sum(s * r for s, r in both) / sum(s for s, _ in both))
        assert scores[u, i] == pytest.approx(np.mean(means), abs=1e-6)
    assert n_tied > 50


@pytest.mark.parametrize(("kind", "by"), KINDS_BY)
def test_pairs_are_places_of_the_table(ratings, kind, by, monkeypatch):
    model = _ours(kind, by, "msd", 5).fit(ratings)
    people, rng = ratings.profiles(), np.random.default_rng(0)
    row, item = rng.integers(0, 60, 300), rng.integers(0, 41, 300)
    scores, pairs = model.score(people), model.predicted(people, row, item)
    np.testing.assert_allclose(pairs, scores[row, item], atol=1e-6)
    monkeypatch.setattr("workbench.models.ratings.PAIRS", 200)
    monkeypatch.setattr("workbench.models.rating_neighbours.PAIRS", 200)
    np.testing.assert_array_equal(model.score(people), scores)


@pytest.mark.parametrize("by", ["user", "item"])
def test_an_event_that_fades_away_is_none(real_ratings, by):
    model = _ours("baseline", by, "msd", 10).fit(real_ratings)
    person = real_ratings.profiles()[4]
    item = person.items[2]
    faded = [person.reweighted(item, 1e-9), person.reweighted(item, 0.0), person.without(item)]
    almost, zero, none = model.score(Profiles.of(faded, real_ratings.catalogue))
    np.testing.assert_allclose(almost, none, atol=1e-5)
    np.testing.assert_array_equal(zero, none)


def test_nobody_gets_the_level_of_the_items(ratings):
    nobody = Profiles.of(Profile(), ratings.catalogue)
    item = KNNBaseline("means", "item").fit(ratings).score(nobody)[0, :40]
    means = ratings.interactions.group_by("item_id").agg(pl.col("value").mean()).sort("item_id")
    np.testing.assert_allclose(item, means["value"], atol=1e-6)
    model = KNNBaseline().fit(ratings)
    np.testing.assert_allclose(
        model.score(nobody)[0, :40], (model.mean_ + model.biases_)[:40], atol=1e-6
    )
    basic = KNNBaseline("basic", "user").fit(ratings).score(nobody)[0, :40]
    np.testing.assert_allclose(basic, ratings.interactions["value"].mean(), atol=1e-6)


def test_by_item_a_large_catalogue_is_refused_and_by_user_it_is_not(ratings, monkeypatch):
    monkeypatch.setattr(rating_models, "LARGEST_SQUARE", 8 * 41**2 - 1)
    with pytest.raises(CapabilityError, match=r'41 items need .* GB.*or use by="user"'):
        KNNBaseline(by="item").fit(ratings)
    KNNBaseline(by="user").fit(ratings)
    monkeypatch.setattr(rating_models, "LARGEST_SQUARE", 8 * 41**2)
    KNNBaseline(by="item").fit(ratings)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"kind": "zscore"}, "kind must be one of baseline, means, basic, not 'zscore'"),
        ({"by": "users"}, "by must be one of item, user, not 'users'"),
        ({"similarity": "jaccard"}, "similarity must be one of msd, cosine, pearson"),
        ({"similarity": None}, "similarity must be one of .*, not None"),
        ({"shrinkage": -1}, "shrinkage must be 0 or more, not -1"),
        ({"n_neighbours": 0}, "n_neighbours must be a whole number of at least 1, not 0"),
        ({"min_neighbours": 0}, "min_neighbours must be .* at least 1 and at most 40, not 0"),
        ({"min_neighbours": 41}, "min_neighbours must be .* at least 1 and at most 40, not 41"),
    ],
)
def test_parameters_that_cannot_work_are_refused(params, message):
    with pytest.raises(ArgumentError, match=message):
        KNNBaseline(**params)


@pytest.mark.parametrize("similarity", MEASURES)
@pytest.mark.parametrize("by", ["user", "item"])
def test_names_decide_no_tie(sparse_ratings, by, similarity):
    """Values without an exact double, so that ties are ties but for the order of a sum."""
    scaled = sparse_ratings.interactions.with_columns(pl.col("value") * 0.1 + 0.3)
    user, item = np.random.default_rng(2).permutation(40), np.random.default_rng(3).permutation(31)
    renamed = scaled.with_columns(
        pl.Series("user_id", user[scaled["user_id"]]),
        pl.Series("item_id", item[scaled["item_id"] - 1] + 1),
    )
    ids = scaled["user_id"].unique(maintain_order=True).to_numpy()
    tables = []
    for frame, names in ((scaled, ids), (renamed, user[ids])):
        log = Dataset(frame, sparse_ratings.items)
        model = KNNBaseline("baseline", by, similarity, 0.0, 2).fit(log)
        tables.append(model.score(log.profiles(names.tolist())))
    np.testing.assert_allclose(tables[0], tables[1][:, item], atol=1e-5)
