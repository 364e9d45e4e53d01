"""SLIM against scikit-learn's elastic net, column by column."""

import numpy as np
import polars as pl
import pytest
from sklearn.linear_model import ElasticNet

import workbench as wb
from workbench.errors import ArgumentError
from workbench.models.sparse_linear import SLIM


def _liked(log):
    people = log.profiles()
    return people.csr(people.positive(log.relevant_from)).toarray().astype(np.float64)


@pytest.mark.parametrize(("l1", "l2"), [(1.0, 3.0), (0.1, 5.0), (2.5, 0.5)])
def test_each_column_is_an_elastic_net_on_the_other_items(log, l1, l2):
    x = _liked(log)
    n, n_items = x.shape
    found = SLIM(l1, l2).fit(log).weights_.toarray()
    assert (np.diag(found) == 0).all()
    for item in range(n_items):
        others = np.delete(np.arange(n_items), item)
        if not x[:, item].any():
            assert not found[:, item].any()
            continue
        net = ElasticNet(
            alpha=(l1 + l2) / n,
            l1_ratio=l1 / (l1 + l2),
            positive=True,
            fit_intercept=False,
            tol=1e-10,
            max_iter=100_000,
        ).fit(x[:, others], x[:, item])
        np.testing.assert_allclose(found[others, item], net.coef_, atol=2e-4)


def test_more_of_the_first_penalty_is_sparser_and_no_weight_is_negative(log):
    few, many = (SLIM(l1, 1.0).fit(log).weights_ for l1 in (3.0, 0.5))
    assert 0 < few.nnz < many.nnz
    assert few.data.min() > 0


def test_only_the_nearest_may_get_a_weight(log):
    x = _liked(log)
    both = x.T @ x
    norm = np.sqrt(np.diag(both))
    cosine = both / np.maximum(np.outer(norm, norm), 1)
    np.fill_diagonal(cosine, 0)
    whole = SLIM(0.5, 1.0).fit(log).weights_.toarray() > 0
    kept = SLIM(0.5, 1.0, n_neighbours=3).fit(log).weights_.toarray() > 0
    near = (cosine >= np.sort(cosine, axis=0)[-3] * (1 - 1e-5)) & (cosine > 0)
    assert not (kept & ~near).any()
    assert (whole & ~near).any()
    everything = SLIM(0.5, 1.0, n_neighbours=1000).fit(log).weights_
    assert np.array_equal(everything.toarray() > 0, whole)


def test_items_liked_by_the_same_people_share_the_weight():
    rows = [(u, i) for u in range(12) for i in ("a", "b", "c") if i == "c" or u < 8]
    users, items = zip(*rows, strict=True)
    log = wb.Dataset.from_frames(pl.DataFrame({"user_id": users, "item_id": items}))
    weights = SLIM(0.5, 1.0).fit(log).weights_.toarray()
    assert weights[0, 2] == pytest.approx(weights[1, 2], rel=1e-5)
    assert weights[0, 2] > 0


def test_a_catalogue_beyond_the_memory_is_refused_with_what_to_do(log):
    with pytest.raises(ArgumentError, match=r"needs 0.0 GB, above max_gb=1e-07; .*'rp3beta'"):
        SLIM(max_gb=1e-7).fit(log)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"l1_reg": -1.0}, "l1_reg must be above 0, not -1.0"),
        ({"l1_reg": 0}, "l1_reg must be above 0, not 0: .*take 'ease'"),
        ({"l2_reg": 0.0}, "l2_reg must be above 0, not 0.0: without it items liked"),
        ({"l2_reg": float("nan")}, "l2_reg must be above 0, not nan"),
        ({"n_neighbours": 0}, "n_neighbours must be a whole number of at least 1, not 0"),
        ({"max_gb": 0.0}, "max_gb must be above 0, not 0.0"),
    ],
)
def test_parameters_that_cannot_work_are_refused(params, message):
    with pytest.raises(ArgumentError, match=message):
        SLIM(**params)


@pytest.mark.parametrize(("l1", "weight"), [(2.5, 0.5 / 7.0), (2.99, 0.01 / 7.0), (3.0, 0.0)])
def test_an_item_that_more_people_than_the_penalty_liked_too_gets_a_weight(l1, weight):
    """Three people liked both, two more the one and four the other: by hand, for one neighbour."""
    likes = {"a": range(5), "b": [0, 1, 2, 5, 6, 7, 8]}
    rows = [(user, item) for item, users in likes.items() for user in users]
    log = wb.Dataset.from_frames(pl.DataFrame(rows, ["user_id", "item_id"], orient="row"))
    weights = SLIM(l1, 2.0).fit(log).weights_.toarray()
    assert weights[0, 1] == pytest.approx(weight, abs=1e-6)
