"""Rating models on a random fold of MovieLens 100K, beside Surprise."""

import numpy as np
import pytest

import workbench as wb
from workbench.models.ratings import RatingLog

pytestmark = pytest.mark.full


@pytest.fixture(scope="module")
def fold():
    return wb.split(wb.load("movielens-100k"), "k-fold", n_folds=5, fold=0)


@pytest.fixture(scope="module")
def asked(fold):
    """Rows, items and values of the test, of items that the training has rated."""
    row = fold.train.people.codes(fold.test["user_id"])
    item = fold.train.catalogue.codes(fold.test["item_id"])
    known = RatingLog.of(fold.train, "a test").known[item]
    return row[known], item[known], fold.test["value"].to_numpy()[known]


@pytest.mark.parametrize(
    ("name", "most", "gain"),
    [
        ("baseline", 0.948, 0.0),
        ("nmf", 0.955, 0.01),
        ("svd", 0.936, 0.0),
        ("svdpp", 0.922, 0.0),
        ("slope-one", 0.951, None),
        ("knn-baseline", 0.922, None),
    ],
)
def test_rmse_is_at_most_what_is_promised(fold, asked, name, most, gain):
    row, item, value = asked
    model = wb.create(name).fit(fold.train)
    found = model.predicted(fold.train.profiles(), row, item)
    rmse = np.sqrt(np.mean((found - value) ** 2))
    assert rmse <= most
    if gain is not None:
        ids = fold.train.people.take(row), fold.train.catalogue.take(item)
        stored = np.sqrt(np.mean((model.stored_predictions(*ids) - value) ** 2))
        assert rmse <= stored - gain + 1e-6


@pytest.mark.parametrize("name", ["slope-one", "knn-baseline"])
def test_what_is_memory_based_predicts_what_surprise_predicts(fold, asked, name):
    from surprise import KNNBaseline, SlopeOne

    options = {"name": "pearson_baseline", "user_based": False}
    theirs = SlopeOne() if name == "slope-one" else KNNBaseline(sim_options=options, verbose=False)
    with np.errstate(all="ignore"):
        trained = RatingLog.of(fold.train, "a test").trained(theirs)
    row, item, _ = asked
    expected = [trained.predict(u, i).est for u, i in zip(row.tolist(), item.tolist(), strict=True)]
    found = wb.create(name).fit(fold.train).predicted(fold.train.profiles(), row, item)
    np.testing.assert_allclose(found, expected, atol=1e-6)
