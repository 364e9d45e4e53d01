"""Popularity of all time and lately, against counting by hand."""

import numpy as np
import polars as pl
import pytest

from workbench.data.dataset import Dataset
from workbench.errors import ArgumentError
from workbench.models.popularity import DAY, TINY, Popularity, RecentPopularity, prior

LOG = Dataset(
    pl.DataFrame(
        {
            "user_id": ["a", "b", "c", "a", "b"],
            "item_id": ["x", "x", "x", "y", "y"],
            "value": [5.0, 4.0, 2.0, 5.0, 5.0],
            "timestamp": [0.0, 0.0, 0.0, 20 * DAY, 30 * DAY],
        }
    ),
    pl.DataFrame({"item_id": ["x", "y", "z"]}),
    relevant_from=4.0,
)


def test_popularity_counts_the_people_with_a_relevant_event():
    scores = Popularity().fit(LOG).score(LOG.profiles())
    assert scores.tolist() == [[2.0, 2.0, 0.0]] * 3


def test_recent_popularity_halves_with_age():
    scores = RecentPopularity(half_life=10.0).fit(LOG).score(LOG.profiles(), np.array([1, 0]))
    np.testing.assert_allclose(scores[0], [1 + 2**-1, 2 * 2**-3], rtol=1e-6)


def test_the_prior_is_a_millionth_of_the_share():
    np.testing.assert_allclose(
        prior(LOG.profiles(), LOG.relevant_from), [TINY * 2 / 3, TINY * 2 / 3, 0], rtol=1e-6
    )


@pytest.mark.parametrize("half_life", [0, -1, float("nan")])
def test_a_half_life_that_cannot_work_is_refused(half_life):
    with pytest.raises(ArgumentError, match="half_life must be above 0"):
        RecentPopularity(half_life)
