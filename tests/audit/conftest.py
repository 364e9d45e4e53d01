"""One small world for the audit: fitted once, frozen."""

import pytest

import workbench as wb


@pytest.fixture(scope="session")
def audited():
    """A split of an unbiased world, a model, its rows and its audit."""
    dataset = wb.load("synthetic", n_users=400, n_items=120, n_events=12_000, seed=1)
    split = wb.split(dataset, guests=0.1)
    model = wb.create("ease").fit(split.train)
    rows = wb.evaluate(model, split)
    return split, model, rows, wb.audit(model, split, rows=rows)
