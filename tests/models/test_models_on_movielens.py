"""How good the models are on MovieLens 100K; settings were never chosen on this test part."""

import pytest

import workbench as wb

pytestmark = pytest.mark.full


@pytest.fixture(scope="module")
def ratings():
    return wb.load("movielens-100k")


@pytest.fixture(scope="module")
def halves(ratings):
    return wb.split(ratings, "per-user-time", test_fraction=0.2)


@pytest.mark.parametrize(
    ("name", "least"),
    [
        ("popularity", 0.09),
        ("recent", 0.07),
        ("ease", 0.185),
        ("als", 0.160),
        ("item-knn", 0.145),
        ("user-knn", 0.145),
        ("rp3beta", 0.165),
        ("slim", 0.185),
        ("rules", 0.11),
        ("blend", 0.185),
    ],
)
def test_ndcg_is_at_least_what_is_promised(halves, name, least):
    rows = wb.evaluate(wb.create(name).fit(halves.train), halves)
    assert rows["ndcg"].mean() >= least


def test_folded_in_svd_is_better_than_its_stored_vectors_over_five_folds(ratings):
    from workbench.models.rating_factors import chosen_ridge

    ours = stored = n = 0.0
    for fold in wb.split(ratings, "k-fold", n_folds=5):
        model = wb.create("svd")
        vars(model).update(chosen_ridge(model, fold.train, reg=(10.0, 20.0, 30.0)))
        model.fit(fold.train)
        user, item, value = (fold.test[c].to_numpy() for c in ("user_id", "item_id", "value"))
        ids = sorted(set(user.tolist()))
        scores = model.score(fold.train.profiles(ids))
        place = {u: row for row, u in enumerate(ids)}
        found = scores[[place[u] for u in user.tolist()], model.catalogue.codes(item.tolist())]
        found[found != found] = model.mean_  # an item that the fold has no rating of
        ours += ((found - value) ** 2).sum()
        stored += ((model.stored_predictions(user.tolist(), item.tolist()) - value) ** 2).sum()
        n += len(value)
    assert (ours / n) ** 0.5 <= 0.932
    assert (ours / n) ** 0.5 < (stored / n) ** 0.5 <= 0.94
