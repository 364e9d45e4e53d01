import numpy as np
import polars as pl
import pytest

import workbench as wb
from workbench.audit.leakage import leakage_frame
from workbench.audit.proxies import Read, features_read, guesses, leaked, proxies_frame
from workbench.explain.shown import pair_matrix

N = 300


def told(matrix, answer, seed=0, **columns):
    people = pl.DataFrame({"gender": answer, **columns})
    names = [f"f{i}" for i in range(matrix.shape[1])]
    found = guesses(people, people.columns, Read(names, matrix.astype(np.float32)), 20, seed)
    return found, proxies_frame(found, names, seed)


@pytest.fixture
def noise():
    return np.random.default_rng(4).normal(size=(N, 6))


@pytest.fixture
def answer():
    return np.array(["F", "M"] * (N // 2))


def test_the_planted_stand_in_comes_first_and_the_rest_far_behind(noise, answer):
    noise[:, 3] += 1.5 * (answer == "F")
    found, frame = told(noise, answer)
    assert found[0].guess[0] > 0.75
    assert frame["feature"][0] == "f3"
    first, second = frame.row(0, named=True), frame.row(1, named=True)
    assert first["low"] < first["mean_abs_shap"] < first["high"]
    assert first["low"] > 2 * second["high"]
    assert first["n"] == N // 2
    assert frame["mean_abs_shap"].is_sorted(descending=True)
    assert proxies_frame(found, [f"f{i}" for i in range(6)], 0, shown=2).equals(frame.head(2))


def test_nothing_stands_for_what_cannot_be_guessed(noise, answer):
    found, frame = told(noise, answer)
    assert 0.4 < found[0].guess[0] < 0.6
    assert frame.height == 0


def test_a_missing_value_can_tell_and_a_constant_cannot(noise, answer):
    noise[:, 1] = np.where((answer == "F") & (noise[:, 0] > -1), np.nan, 1.0)
    noise[:, 2] = 7.0
    _, frame = told(noise, answer)
    assert frame["feature"][0] == "f1"
    assert "f2" not in frame["feature"]


def test_shares_are_of_people_who_were_not_learnt_from(noise, answer):
    # By heart, 60 trees of depth 3 would tell all of them apart.
    found, _ = told(np.random.default_rng(9).normal(size=(N, 40)), answer)
    assert found[0].guess[0] < 0.6


def test_several_answers_and_those_of_whom_it_is_not_known(noise):
    town = [None if i < 60 else "abc"[i % 3] for i in range(N)]
    noise[:, 5] += 2.0 * np.array([t == "b" for t in town])
    found, frame = told(noise, town)
    assert found[0].question.words == "which of a, b, c"
    assert frame["feature"][0] == "f5"
    assert frame["n"].unique().to_list() == [120]


def test_the_same_twice_and_of_the_same_people_as_leakage(noise, answer):
    noise[:, 3] += answer == "F"
    one, two = (told(noise, answer, age=list(range(N))) for _ in range(2))
    assert one[1].equals(two[1])
    people = pl.DataFrame({"gender": answer})
    leak, _ = leakage_frame(people, ["gender"], {}, 20, 0, leaked(one[0]))
    row = leak.row(0, named=True)
    assert (row["source"], row["auc"], row["n"]) == ("features", one[0][0].guess[0], N // 2)
    assert row["low"] < row["auc"] < row["high"]


@pytest.fixture(scope="module")
def engine(audited):
    split = audited[0]
    parts = {"popularity": ("popularity", {}), "ease": ("ease", {})}
    return wb.Engine(retrievers=parts, n_trees=10).fit(split.train)


def test_what_is_read_is_the_mean_over_the_slate(audited, engine):
    _, people = audited[0].people()
    people = people[np.arange(40)]
    slates = wb.recommend(engine, people, k=10)
    read = features_read(engine, people, slates, k=4)
    assert read.names == [f.name for f in engine.features_]
    for row in (0, 39):
        items = engine.catalogue.codes(pl.Series(slates[row].items[:4]))
        alone = pair_matrix(engine, people[np.array([row])], np.zeros(4, np.int64), items)
        known = ~np.isnan(alone).all(axis=0)
        assert read.matrix[row, known] == pytest.approx(
            np.nanmean(alone[:, known].astype(float), axis=0), rel=1e-6
        )
        assert np.isnan(read.matrix[row, ~known]).all()


def test_the_audit_of_an_engine_says_what_its_features_give_away(audited, engine):
    split = audited[0]
    audit = wb.audit(engine, split)
    features = audit.leakage.filter(source="features")
    assert features["attribute"].to_list() == ["age", "gender", "region"]
    above = set(features.filter(pl.col("low") > 0.5)["attribute"])
    assert set(audit.proxies["attribute"]) == above
    assert set(audit.proxies["feature"]) <= {f.name for f in engine.features_}
    assert audited[3].proxies.height == 0  # EASE has no features
