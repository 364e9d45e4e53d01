"""A small world and one run of it, for all tests of the run folder."""

import pytest

import workbench as wb
from workbench.data.synthetic import synthetic


@pytest.fixture(scope="session")
def small():
    """A log that an engine can learn from in seconds."""
    return synthetic(n_users=80, n_items=100, n_events=2000, seed=1)


@pytest.fixture(scope="session")
def quick_engine():
    """Makes an engine of two retrievers and few trees."""
    return lambda: wb.Engine(
        retrievers={"ease": ["ease", {}], "popularity": ["popularity", {}]}, n_trees=8
    )


@pytest.fixture(scope="session")
def finished(small, quick_engine, tmp_path_factory):
    """A finished run."""
    return wb.run(
        small,
        home=tmp_path_factory.mktemp("home"),
        models=["popularity", "ease"],
        engine=quick_engine(),
        progress=False,
    )
