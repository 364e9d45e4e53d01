"""Rows of unequal length, side by side."""

import numpy as np
from scipy import sparse

from workbench.models import ragged
from workbench.models.ragged import sheets


def _matrix(seed=0, n_rows=50, n_columns=300):
    rng = np.random.default_rng(seed)
    dense = rng.normal(size=(n_rows, n_columns)) * (
        rng.random((n_rows, n_columns)) < rng.random((n_rows, 1)) ** 3
    )
    dense[[0, 7]] = 0.0
    return sparse.csr_array(dense)


def _gathered(matrix, row, weight=None):
    """Every row that was asked for, back in dense form, and the width of its table."""
    found, share = (np.zeros((len(row), matrix.shape[1])) for _ in range(2))
    width, times = np.zeros(len(row), int), np.zeros(len(row), int)
    for asked, sheet, place in sheets(matrix, row, weight):
        for one, at in zip(asked, place, strict=True):
            np.add.at(found[one], sheet.column[at], sheet.value[at])
            np.add.at(share[one], sheet.column[at], sheet.weight[at])
            width[one], times[one] = sheet.column.shape[1], times[one] + 1
    return found, share, width, times


def test_every_row_comes_once_and_whole(monkeypatch):
    matrix = _matrix()
    row = np.random.default_rng(1).integers(0, 50, 200)
    lengths = np.diff(matrix.indptr)[row]
    for cells in (1, 700, 1 << 17):
        monkeypatch.setattr(ragged, "CELLS", cells)
        found, share, width, times = _gathered(matrix, row)
        assert np.array_equal(found, matrix.toarray()[row])
        assert np.array_equal(share, matrix.toarray()[row] != 0)
        assert np.array_equal(times, lengths > 0)
        assert (width >= lengths).all()
        assert (width <= 1.2 * lengths + 1).all()


def test_weights_stand_beside_their_values():
    matrix = _matrix()
    weight = matrix.copy()
    weight.data = np.arange(1.0, matrix.nnz + 1)
    _, share, _, _ = _gathered(matrix, np.arange(50), weight)
    assert np.array_equal(share, weight.toarray())


def test_the_width_of_a_table_hangs_on_its_row_alone():
    matrix = _matrix()
    longest = int(np.diff(matrix.indptr).argmax())
    alone = _gathered(matrix, np.array([3]))[2]
    beside = _gathered(matrix, np.array([3, longest, 4]))[2]
    assert alone[0] == beside[0]


def test_nothing_asked_is_nothing():
    matrix = _matrix()
    assert list(sheets(matrix, np.array([], dtype=int))) == []
    assert list(sheets(matrix, np.array([0, 7]))) == []
