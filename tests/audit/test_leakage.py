import numpy as np
import polars as pl
import pytest
from scipy import sparse
from sklearn.metrics import roc_auc_score

from workbench.audit.leakage import _auc, leakage_frame


@pytest.fixture
def told():
    """Lists of 300 people; the last 40 of 60 items are for one answer only where it leaks."""
    rng = np.random.default_rng(3)
    answer = np.array(["F", "M"] * 150)
    silent = rng.random((300, 60)) < 0.15
    loud = silent.copy()
    loud[answer == "F", :5] |= rng.random((150, 5)) < 0.5
    return answer, sparse.csr_array(silent.astype(float)), sparse.csr_array(loud.astype(float))


def asked(answer, sources, minimum=20, **columns):
    people = pl.DataFrame({"gender": answer, **columns})
    return leakage_frame(people, people.columns, sources, minimum, 0)


def test_a_leak_is_found_and_silence_is_chance(told):
    answer, silent, loud = told
    found, _ = asked(answer, {"slates": loud, "histories": silent})
    by = {r["source"]: r for r in found.iter_rows(named=True)}
    assert by["slates"]["low"] > 0.75
    assert by["histories"]["low"] < 0.5 < by["histories"]["high"]
    more = by["slates less histories"]
    assert more["auc"] == pytest.approx(by["slates"]["auc"] - by["histories"]["auc"])
    assert more["low"] > 0.05
    assert by["slates"]["n"] == 300


def test_the_same_twice(told):
    answer, silent, _ = told
    one, two = (asked(answer, {"slates": silent})[0] for _ in range(2))
    assert one.equals(two)


def test_auc_is_that_of_scikit_learn_with_ties():
    rng = np.random.default_rng(0)
    score, y = rng.integers(0, 8, 200).astype(float), rng.integers(0, 2, 200)
    auc, influence = _auc(score, y)
    assert auc == pytest.approx(roc_auc_score(y, score), abs=1e-12)
    assert influence.mean() == pytest.approx(0, abs=1e-12)


def test_numbers_are_asked_above_the_median_and_the_rest_is_named(told):
    answer, silent, _ = told
    found, skipped = asked(
        answer,
        {"slates": silent},
        age=list(range(300)),
        town=["a", "b", "c"] * 100,
        rare=["x"] * 5 + ["y"] * 295,
    )
    assert set(found["attribute"]) == {"gender", "age"}
    assert found.filter(attribute="age")["question"].item() == "above 149.5 or not"
    assert "two values" in skipped["town"]
    assert "at least 20 people of each" in skipped["rare"]


def test_people_of_whom_it_is_not_known_are_not_asked(told):
    answer, silent, _ = told
    some = [None if i < 60 else a for i, a in enumerate(answer)]
    found, _ = asked(some, {"slates": silent})
    assert found["n"].to_list() == [240]
