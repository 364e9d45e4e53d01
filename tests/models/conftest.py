"""Ratings of a small world, and what Surprise makes of them."""

import numpy as np
import polars as pl
import pytest

from workbench.data.dataset import Dataset
from workbench.models.ratings import RatingLog


def rating_world(seed=5, n_users=60, n_items=40, density=0.5, whole=True):
    """Noisy ratings with two tastes, some of them missing; the last item has none."""
    rng = np.random.default_rng(seed)
    truth = 3.2 + rng.normal(size=(n_users, 2)) @ rng.normal(size=(2, n_items)) * 0.8
    value = truth + rng.normal(scale=0.3, size=truth.shape)
    value = np.clip(np.round(value) if whole else value, 1, 5)
    user, item = np.nonzero(rng.random(truth.shape) < density)
    frame = pl.DataFrame({"user_id": user, "item_id": item + 1, "value": value[user, item]})
    return Dataset(frame, pl.DataFrame({"item_id": range(1, n_items + 2)}), relevant_from=4.0)


@pytest.fixture(scope="session")
def ratings():
    return rating_world()


@pytest.fixture(scope="session")
def real_ratings():
    """Ratings on a scale without steps, so that hardly anything ties."""
    return rating_world(n_users=28, n_items=20, whole=False)


@pytest.fixture(scope="session")
def sparse_ratings():
    """Few whole ratings in common, so that very much ties."""
    return rating_world(seed=1, n_users=40, n_items=30, density=0.15)


@pytest.fixture(scope="session")
def surprise_trained():
    """Train an algorithm of Surprise on a dataset; it knows rows of people and codes of items."""

    def train(algorithm, dataset):
        return RatingLog.of(dataset, "a test").trained(algorithm)

    return train


@pytest.fixture(scope="session")
def surprise_table():
    """Its predictions of everybody and everything, with NaN for items that it does not know."""

    def table(trained, n_people, n_items):
        found = np.array(
            [[trained.predict(u, i).est for i in range(n_items)] for u in range(n_people)]
        )
        known = {trained.trainset.to_raw_iid(i) for i in trained.trainset.all_items()}
        found[:, [i for i in range(n_items) if i not in known]] = np.nan
        return found

    return table
