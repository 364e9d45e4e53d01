"""A world of 13 events that can be measured by hand."""

import polars as pl
import pytest

from workbench.data.split import Split

GENRES = {1: ["A"], 2: ["A", "B"], 3: ["B"], 4: ["C"], 5: [], 6: ["A", "B"]}
TRAIN = [(1, 1, 5), (1, 2, 4), (2, 1, 5), (2, 3, 2), (3, 1, 4), (3, 2, 3), (3, 4, 5), (4, 3, 1)]
TRAIN += [(5, 1, 4)]  # a guest
TEST = [(1, 3, 5), (1, 4, 4), (1, 5, 1), (2, 2, 4), (3, 3, 2), (4, 1, 5), (4, 6, 4), (5, 6, 5)]
TEST += [(6, 4, 5)]  # never seen in training


def events(rows):
    return pl.DataFrame(
        [(u, i, float(v), float(t)) for t, (u, i, v) in enumerate(rows)],
        schema=["user_id", "item_id", "value", "timestamp"],
        orient="row",
    )


@pytest.fixture(scope="session")
def by_hand() -> Split:
    items = pl.DataFrame({"item_id": list(GENRES), "genres": list(GENRES.values())})
    return Split.from_frames(
        events(TRAIN), events(TEST), items=items, relevant_from=4.0, guests=[5], name="by hand"
    )
