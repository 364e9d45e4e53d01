"""A function, an estimator over people and one over pairs, each a model in one line."""

import numpy as np
import pytest
from sklearn.decomposition import NMF, TruncatedSVD
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import StandardScaler

import workbench as wb
from workbench.checks.model import check_model
from workbench.data.checkerboard import checkerboard
from workbench.errors import ArgumentError
from workbench.models.estimator import FromEstimator
from workbench.profiles import Profiles


def test_a_function_is_a_model_in_one_line(log):
    model = wb.as_recommender(lambda profile, items: dict.fromkeys(items["item_id"], 1.0), log)
    assert np.isfinite(model.score(log.profiles())).all()
    assert isinstance(model, wb.FromFunction)


@pytest.mark.parametrize(
    "estimator", [TruncatedSVD(2, random_state=0), Ridge(), NMF(2, random_state=0)], ids=repr
)
def test_a_fitted_estimator_solves_the_checkerboard(estimator):
    board = checkerboard()
    rows = board.to_implicit().matrix
    estimator.fit(rows, *([rows.toarray()] if isinstance(estimator, Ridge) else []))
    before = vars(estimator).copy()
    model = wb.as_recommender(estimator, board)
    assert model.estimator_ is estimator, "what is fitted is taken as it is"
    scores = model.score(board.profiles())
    even = np.arange(board.n_items) % 2
    own = board.to_implicit().matrix.toarray()
    kind = (own @ even) / own.sum(axis=1) > 0.5
    likes = scores[:, even == 1].mean(axis=1) > scores[:, even == 0].mean(axis=1)
    assert (likes == kind).all()
    assert vars(estimator).keys() == before.keys()


def test_what_is_not_fitted_is_fitted_on_the_dataset_and_left_alone(log):
    svd = TruncatedSVD(2, random_state=0)
    model = wb.as_recommender(svd, log)
    assert not hasattr(svd, "components_")
    own = TruncatedSVD(2, random_state=0).fit(log.to_implicit().matrix)
    expected = own.inverse_transform(own.transform(log.to_implicit().matrix))
    np.testing.assert_allclose(model.score(log.profiles()), expected, atol=1e-5)
    assert not hasattr(wb.as_recommender(svd), "catalogue"), "without a dataset it is unfitted"


def test_a_classifier_gives_the_chance_of_yes(log):
    model = wb.as_recommender(KNeighborsClassifier(3), log)
    scores = model.score(log.profiles())
    assert ((scores >= 0) & (scores <= 1)).all()
    assert len(np.unique(scores)) > 1


def test_an_estimator_keeps_the_contract_but_for_being_saved(log):
    model = FromEstimator(TruncatedSVD(4, algorithm="arpack", random_state=0))
    found = check_model(model, raise_on_failure=False)
    results = dict(found.select("rule", "result").iter_rows())
    assert "only pickle could save" in results.pop("state_round_trip")
    failed = {rule: result for rule, result in results.items() if result.startswith("failed")}
    assert not failed
    with pytest.raises(ArgumentError, match="cannot be saved, since only pickle could"):
        model.fit(log).state()


def test_an_estimator_over_pairs(log):
    def likeness(profile, items):
        met = set(profile.items)
        return [[float(i in met), float(len(met))] for i in items["item_id"]]

    people = log.profiles()
    items = log.items
    table = np.vstack([likeness(p, items) for p in people])
    liked = log.to_implicit().matrix.toarray().ravel() > 0
    pairs = LogisticRegression().fit(table, liked)
    model = wb.as_recommender(pairs, log, features=likeness)
    scores = model.score(people[[0]])
    np.testing.assert_allclose(
        scores[0], pairs.predict_proba(np.array(likeness(people[0], items)))[:, 1], rtol=1e-5
    )
    ridge = wb.as_recommender(Ridge().fit(table, liked), log, features=likeness)
    assert np.isfinite(ridge.score(people[[0]])).all()


def test_nobody_is_answered_and_others_in_the_batch_change_nothing(log):
    model = wb.as_recommender(TruncatedSVD(2, random_state=0), log)
    people = log.profiles()
    together = model.score(people)
    apart = np.vstack([model.score(people[[i]]) for i in range(len(people))])
    np.testing.assert_array_equal(together, apart)
    assert np.isfinite(model.score(Profiles.of(wb.Profile(), log.catalogue))).all()


@pytest.mark.parametrize(
    ("given", "match"),
    [
        (TruncatedSVD, r"made already: write TruncatedSVD\("),
        (7, "model must be a function or an estimator with fit, not int"),
        (StandardScaler().fit([[1.0, 2.0]]), "fitted on 2 columns and the catalogue"),
    ],
)
def test_what_cannot_be_a_model(given, match, log):
    with pytest.raises(ArgumentError, match=match):
        wb.as_recommender(given, log)


def test_what_does_not_fit(log):
    with pytest.raises(ArgumentError, match="dataset must be a Dataset, not str"):
        wb.as_recommender(TruncatedSVD(2), "log")
    with pytest.raises(ArgumentError, match="cells must be one of relevant, met, value"):
        FromEstimator(TruncatedSVD(2), cells="likes")
    with pytest.raises(ArgumentError, match="has no predict, and features are given"):
        wb.as_recommender(TruncatedSVD(2), log, features=lambda p, i: [[1.0]])
    model = wb.as_recommender(Ridge(), log, features=lambda p, i: [[1.0]])
    with pytest.raises(ArgumentError, match=r"shape \(1, 1\) for \d+ items"):
        model.score(log.profiles())
    one = Ridge().fit(log.to_implicit().matrix, np.arange(log.n_users, dtype=float))
    with pytest.raises(ArgumentError, match="gave 1 numbers for"):
        wb.as_recommender(one, log).score(log.profiles())
    assert wb.as_recommender(model) is model
