"""One fitted engine for all tests of explanations."""

import pytest

import workbench as wb


@pytest.fixture(scope="session")
def world_split():
    world = wb.load("synthetic", n_users=150, n_items=160, n_events=5_000, seed=3)
    return wb.split(world, "per-user-time", test_fraction=0.2, guests=0.1)


@pytest.fixture(scope="session")
def engine(world_split):
    return wb.Engine(n_trees=40, depth=40).fit(world_split.train)


@pytest.fixture(scope="session")
def guest(world_split):
    """A guest with a history of middling length."""
    people = world_split.train.profiles(world_split.guests)
    lengths = people.lengths
    return people[int(abs(lengths - 15).argmin())]
