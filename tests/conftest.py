"""What all tests share: a bounded number of threads, and tiny worlds."""

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS"):
    os.environ.setdefault(_name, "2")  # before NumPy is imported: figures do not vary by machine
# A thread that waits does not spin: other tests may run beside these.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import pytest  # noqa: E402

from workbench.checks.worlds import Frames, tastes  # noqa: E402


@pytest.fixture(scope="session")
def world() -> Frames:
    """People of two tastes, as tables; frozen."""
    return tastes()


@pytest.fixture
def log(world):
    """The same as a Dataset of one's own."""
    return world.dataset()
