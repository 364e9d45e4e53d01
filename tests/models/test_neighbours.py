"""Item-kNN and user-kNN against brute force."""

import numpy as np
import polars as pl
import pytest
from scipy import sparse

from workbench.checks.model import check_model
from workbench.data.dataset import Dataset
from workbench.errors import ArgumentError
from workbench.models import cooccurrence, neighbours
from workbench.models.neighbours import ItemKNN, UserKNN
from workbench.profile import Profile
from workbench.profiles import Profiles


def _liked(log, people=None):
    people = log.profiles() if people is None else people
    return people.csr(people.positive(log.relevant_from)).toarray().astype(np.float64)


def _popular(x):
    return 1e-6 * x.sum(axis=0) / len(x)


@pytest.mark.parametrize(("n", "shrinkage"), [(3, 0.0), (5, 2.0), (100, 0.0)])
def test_item_knn_is_brute_force(log, monkeypatch, n, shrinkage):
    monkeypatch.setattr(cooccurrence, "BLOCK", 7)
    x = _liked(log)
    similar = np.zeros((x.shape[1], x.shape[1]))
    for i in range(x.shape[1]):
        for j in range(x.shape[1]):
            norm = np.sqrt(x[:, i].sum() * x[:, j].sum()) + shrinkage
            if i != j and norm > 0:
                similar[i, j] = np.float32(x[:, i] @ x[:, j] / norm)
    for j in range(x.shape[1]):
        bar = np.sort(similar[:, j])[::-1][min(n, len(similar)) - 1]
        similar[similar[:, j] < bar, j] = 0.0
    model = ItemKNN(n_neighbours=n, shrinkage=shrinkage).fit(log)
    np.testing.assert_allclose(model.weights_.toarray(), similar, atol=1e-6)
    np.testing.assert_allclose(model.score(log.profiles()), x @ similar + _popular(x), atol=1e-5)


@pytest.mark.parametrize(("n", "shrinkage"), [(3, 0.0), (5, 10.0), (1000, 0.0)])
def test_user_knn_is_brute_force(log, monkeypatch, n, shrinkage):
    monkeypatch.setattr(neighbours, "BLOCK", 7)
    x, expected = _liked(log), []
    for p in x:
        norm = np.sqrt(p.sum() * x.sum(axis=1)) + shrinkage
        similar = np.float32(x @ p / np.where(norm > 0, norm, 1))
        similar[similar < np.sort(similar)[::-1][min(n, len(x)) - 1]] = 0.0
        expected.append(similar @ x + _popular(x))
    model = UserKNN(n_neighbours=n, shrinkage=shrinkage).fit(log)
    np.testing.assert_allclose(model.score(log.profiles()), expected, rtol=1e-5, atol=1e-6)


VARIANTS = [
    {"similarity": "jaccard"},
    {"similarity": "adjusted-cosine"},
    {"similarity": "asymmetric-cosine", "asymmetry": 0.8, "n_neighbours": 3},
    {"weighting": "tf-idf", "n_neighbours": 5},
    {"similarity": "dot", "weighting": "bm25", "shrinkage": 0.0, "n_neighbours": 5},
]
RULES = (
    "batch_equals_singles",
    "items_select_columns",
    "nobody_is_answered",
    "zero_weight_says_nothing",
    "event_shares_add_up",
    "state_round_trip",
    "row_order_is_inert",
    "id_type_is_inert",
    "names_are_inert",
    "guests_are_in_no_fit",
    "needs_is_enforced",
    "checkerboard_is_solved",
)
"""Those that a similarity or a weighting could break."""


@pytest.mark.parametrize("params", VARIANTS, ids=lambda params: "-".join(map(str, params.values())))
@pytest.mark.parametrize("cls", [ItemKNN, UserKNN])
def test_every_variant_keeps_the_contract(cls, params):
    found = check_model(cls(**params), rules=RULES)
    skipped = found.filter(~(found["result"] == "passed"))["rule"].to_list()
    assert skipped == (["event_shares_add_up"] if cls is UserKNN else [])


def _similar_by_hand(vectors, word, shrinkage, asymmetry):
    """Similarity of each row to each other, one at a time."""
    n = len(vectors)
    found = np.zeros((n, n))
    for i, own in enumerate(vectors):
        for j, other in enumerate(vectors):
            both, a, b = own @ other, own @ own, other @ other
            size = {
                "jaccard": a + b - both,
                "asymmetric-cosine": a ** (1 - asymmetry) * b**asymmetry,
                "dot": 1.0,
            }.get(word, np.sqrt(a * b))
            found[i, j] = both / (size + shrinkage) if size + shrinkage > 0 else 0.0
    return found


def _values(log):
    """Values less a mean over 0, and which are known."""
    people = log.profiles()
    known = people.csr(people.counts, np.ones(len(people.item))).toarray()
    return people.csr(people.counts, people.value).toarray().astype(np.float64), known


@pytest.mark.parametrize("params", VARIANTS)
def test_variants_of_item_knn_are_brute_force(log, params):
    x = _liked(log)
    if params.get("similarity") == "adjusted-cosine":
        values, known = _values(log)
        vectors = (known * (values - values.sum(1, keepdims=True) / known.sum(1, keepdims=True))).T
    else:
        rarity = np.log(np.maximum(x.shape[1] / (1 + x.sum(axis=1)), 1))
        length = x.sum(axis=0)[:, None]
        relative = 0.25 + 0.75 * length / length.mean()
        vectors = {
            "none": x.T,
            "tf-idf": x.T * rarity,
            "bm25": x.T * 2.2 / (1.2 * relative + x.T) * rarity,
        }[params.get("weighting", "none")]
    word = params.get("similarity", "cosine")
    similar = _similar_by_hand(vectors, word, 0.0, params.get("asymmetry", 0.5))
    np.fill_diagonal(similar, 0.0)
    model = ItemKNN(**{**params, "n_neighbours": 1000}).fit(log)
    expected = np.maximum(similar, 0).T
    np.testing.assert_allclose(model.weights_.toarray(), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("params", VARIANTS)
def test_variants_of_user_knn_are_brute_force(log, params):
    x = _liked(log)
    if params.get("similarity") == "adjusted-cosine":
        values, known = _values(log)
        mean = values.sum(axis=0) / np.maximum(known.sum(axis=0), 1)
        vectors = known * (values - mean)
    else:
        rarity = np.log(np.maximum(len(x) / (1 + x.sum(axis=0)), 1))
        length = x.sum(axis=1, keepdims=True)
        relative = 0.25 + 0.75 * length / length.mean()
        vectors = {
            "none": x,
            "tf-idf": x * rarity,
            "bm25": x * 2.2 / (1.2 * relative + x) * rarity,
        }[params.get("weighting", "none")]
    word = params.get("similarity", "cosine")
    similar = _similar_by_hand(vectors, word, 0.0, params.get("asymmetry", 0.5))
    model = UserKNN(**{**params, "n_neighbours": 1000, "shrinkage": 0.0}).fit(log)
    expected = np.maximum(similar, 0) @ x + _popular(x)
    np.testing.assert_allclose(model.score(log.profiles()), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.filterwarnings("ignore:Method expects CSR input")
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ({}, "CosineRecommender"),
        ({"weighting": "tf-idf"}, "TFIDFRecommender"),
        ({"similarity": "dot", "weighting": "bm25"}, "BM25Recommender"),
    ],
)
def test_item_knn_is_that_of_implicit(ours, theirs):
    from implicit import nearest_neighbours

    rng = np.random.default_rng(5)
    cells = np.argwhere(rng.random((60, 15)) < 0.25)
    frame = pl.DataFrame({"user_id": cells[:, 0], "item_id": cells[:, 1]})
    log = Dataset.from_frames(frame)
    x = log.profiles().csr()
    peer = getattr(nearest_neighbours, theirs)(K=100)
    peer.fit(sparse.csr_matrix(x), show_progress=False)
    expected = peer.similarity.toarray()
    np.fill_diagonal(expected, 0.0)
    found = ItemKNN(n_neighbours=100, **ours).fit(log).weights_.toarray()
    # Theirs is the row of an item of the history, ours is the column of a recommended one.
    np.testing.assert_allclose(found, expected.T, rtol=1e-5, atol=1e-6)


def test_an_event_without_a_value_is_compared_as_an_average_relevant_one(log):
    model = UserKNN(similarity="adjusted-cosine").fit(log)
    value = log.relevant(log.interactions)["value"].mean()
    items = log.catalogue.take([2, 5, 7])
    plain, said = Profile.of(items), Profile.of(items, [value] * 3)
    one, two = model.score(Profiles.of([plain, said], log.catalogue))
    np.testing.assert_allclose(one, two, rtol=1e-6)


def test_one_like_finds_neighbours_by_values(log):
    model = UserKNN(similarity="adjusted-cosine").fit(log)
    one = Profiles.of(Profile.of(log.catalogue.take([2]), [5.0]), log.catalogue)
    assert (model.score(one)[0] > 1e-3).any()


def test_weights_of_events_count(log):
    model = ItemKNN(shrinkage=1.0).fit(log)
    a, b = log.catalogue.take([2, 5])
    plain = Profile.of(items=[a, b], values=[5, 5])
    heavy = Profiles.of([plain, plain.reweighted(a, 3.0)], log.catalogue)
    first, second = model.score(heavy).astype(np.float64)
    share = model.weights_[[2], :].toarray()[0]
    assert share.any()
    np.testing.assert_allclose(second - first, 2 * share, atol=1e-6)


def test_shares_of_item_knn_add_up(log):
    model, people = ItemKNN(n_neighbours=4).fit(log), log.profiles()
    scores = model.score(people)
    for row in (0, 9, 20):
        for item in (1, 4):
            total = model.event_shares(people[[row]], item).sum() + model.prior_[item]
            assert total == pytest.approx(scores[row, item], abs=1e-6)


def test_a_training_person_is_their_own_neighbour_and_a_guest_is_not(world):
    log = world.dataset()
    own = log.profiles()[[0]]
    alone = UserKNN(n_neighbours=1, shrinkage=0.0).fit(log)
    liked = _liked(log, own)[0]
    np.testing.assert_allclose(alone.score(own)[0], liked, atol=1e-5)
    user = log.people.id(0)
    kept = log.replaced(
        log.interactions.filter(log.interactions["user_id"] != user),
        guest_interactions=log.interactions.filter(log.interactions["user_id"] == user),
    )
    apart = UserKNN(n_neighbours=1, shrinkage=0.0).fit(kept)
    assert apart.people_.shape[0] == len(kept.profiles())
    assert not np.allclose(apart.score(kept.profiles([user]))[0], liked, atol=1e-3)


def test_an_empty_history_is_shown_what_is_popular(log):
    nobody = Profiles.of(Profile(), log.catalogue)
    popular = _liked(log).sum(axis=0)
    for model in (ItemKNN().fit(log), UserKNN().fit(log)):
        np.testing.assert_allclose(model.score(nobody)[0], 1e-6 * popular / 36, rtol=1e-5)


@pytest.mark.parametrize("cls", [ItemKNN, UserKNN])
@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"n_neighbours": 0}, "n_neighbours must be a whole number of at least 1, not 0"),
        ({"n_neighbours": 2.5}, "n_neighbours must be a whole number of at least 1, not 2.5"),
        ({"n_neighbours": True}, "n_neighbours must be a whole number of at least 1, not True"),
        ({"shrinkage": -1.0}, "shrinkage must be 0 or more, not -1.0"),
        ({"shrinkage": float("nan")}, "shrinkage must be 0 or more, not nan"),
        ({"similarity": "cosin"}, "similarity must be one of cosine, jaccard, .*, not 'cosin'"),
        ({"weighting": None}, "weighting must be one of none, tf-idf, bm25, not None"),
        ({"k1": -1}, "k1 must be 0 or more, not -1"),
        ({"b": 1.5}, "b must be from 0 to 1, not 1.5"),
        ({"asymmetry": -0.1}, "asymmetry must be from 0 to 1, not -0.1"),
        ({"similarity": "dot", "shrinkage": 1.0}, "shrinkage=1.0 has no meaning with"),
        (
            {"similarity": "adjusted-cosine", "weighting": "bm25"},
            "weighting='bm25' is of likes",
        ),
    ],
)
def test_parameters_that_cannot_work_are_refused(cls, params, message):
    with pytest.raises(ArgumentError, match=message):
        cls(**params)
