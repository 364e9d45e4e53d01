import numpy as np
import polars as pl
import pytest
from scipy import sparse
from sklearn.metrics import roc_auc_score

from workbench.audit.leakage import auc_influence, guess, leakage_frame, questions


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
    assert by["slates"]["n"] == 150  # of whom the other half is guessed


def test_nobody_is_learnt_from_and_guessed_about(told):
    answer, silent, _ = told
    (question,), _ = questions(pl.DataFrame({"gender": answer}), ["gender"], 20, 0)
    y, learnt = question.answer, question.learnt
    assert [learnt[y == a].sum() for a in (0, 1)] == [75, 75]
    auc, influence = guess(silent, y, learnt)
    assert len(influence) == 150
    told_apart = silent.toarray()
    told_apart[learnt, 0] = y[learnt]  # says everything of those learnt from, and of no other
    alone, _ = guess(sparse.csr_array(told_apart), y, learnt)
    assert abs(alone - 0.5) < 0.2
    assert auc < 0.7


def test_the_same_twice(told):
    answer, silent, _ = told
    one, two = (asked(answer, {"slates": silent})[0] for _ in range(2))
    assert one.equals(two)


def test_auc_is_that_of_scikit_learn_with_ties():
    rng = np.random.default_rng(0)
    score, y = rng.integers(0, 8, 200).astype(float), rng.integers(0, 2, 200)
    auc, influence = auc_influence(score, y)
    assert auc == pytest.approx(roc_auc_score(y, score), abs=1e-12)
    assert influence.mean() == pytest.approx(0, abs=1e-12)


def test_numbers_are_asked_above_the_median_and_the_rest_is_named(told):
    answer, silent, _ = told
    found, skipped = asked(
        answer,
        {"slates": silent},
        age=list(range(300)),
        rare=["x"] * 5 + ["y"] * 295,
        tags=[["a"]] * 300,
        silent=[None] * 300,
        same=["x"] * 300,
        card=[f"c{i}" for i in range(300)],
    )
    assert set(found["attribute"]) == {"gender", "age"}
    assert found.filter(attribute="age")["question"].item() == "above 149.5 or not"
    for name in ("rare", "card"):
        assert "at least 40 people of each answer: half to learn from" in skipped[name]
    assert skipped["tags"] == "leakage is asked of words and of numbers, not of List(String)"
    assert skipped["silent"].endswith("not of what nobody told")
    assert skipped["same"].endswith("not of one value")


def test_each_of_several_answers_is_told_from_all_others(told):
    _, silent, _ = told
    rng = np.random.default_rng(5)
    town = np.array(["a", "b", "c", "d"] * 75)
    town[:7] = "e"  # of too few to be asked about
    only_a = silent.toarray()
    only_a[town == "a", :3] = rng.random(((town == "a").sum(), 3)) < 0.8
    found, _ = asked(town, {"slates": sparse.csr_array(only_a.astype(float)), "histories": silent})
    by = {r["source"]: r for r in found.iter_rows(named=True)}
    assert by["slates"]["question"] == "which of a, b, c, d"
    assert by["slates"]["n"] == 152
    assert by["slates"]["low"] > 0.55
    assert by["histories"]["low"] < 0.5 < by["histories"]["high"]
    many = np.array([f"g{i % 14}" for i in range(280)])
    (words,) = asked(many, {"slates": silent[:280]}, minimum=10)[0]["question"]
    assert words == "which of 12 groups"


def test_what_was_guessed_from_features_stands_before_the_difference(told):
    answer, silent, loud = told
    by_features = (0.625, np.zeros(150))
    found, _ = leakage_frame(
        pl.DataFrame({"gender": answer}), ["gender"], {"slates": loud, "histories": silent}, 20, 0,
        {"gender": by_features},
    )  # fmt: skip
    assert found["source"].to_list() == [
        "slates", "histories", "features", "slates less histories",
    ]  # fmt: skip
    assert found.filter(source="features").row(0)[2:5] == (0.625, 0.625, 0.625)


def test_people_of_whom_it_is_not_known_are_not_asked(told):
    answer, silent, _ = told
    some = [None if i < 60 else a for i, a in enumerate(answer)]
    found, _ = asked(some, {"slates": silent})
    assert found["n"].to_list() == [120]
