"""wb.tune: the search learns on a validation cut, can be taken up again, and says what it did."""

import dataclasses
import json

import numpy as np
import polars as pl
import pytest

import workbench as wb
from workbench.columns import ITEM, TIME, USER, VALUE
from workbench.errors import ArgumentError, DataError
from workbench.models.function import FromFunction
from workbench.pipeline import tune as tuning
from workbench.pipeline.tune import validation_cut
from workbench.ranking.tuned import DEFAULTS, SPACES

SPACE = {"reg": (1.0, 1000.0, "log")}
UNTIMED = "seconds"


@pytest.fixture(scope="module")
def split():
    dataset = wb.load("synthetic", n_users=60, n_items=100, n_events=1500, seed=3)
    return wb.split(dataset, "per-user-time", guests=0.1)


def tuned(split, home, trials=12, **more):
    return wb.tune("ease", split, SPACE, trials, home=home, progress=False, **more)


def test_each_trial_is_a_row_and_the_best_is_marked(split, tmp_path):
    found = tuned(split, tmp_path)
    assert found["trial"].to_list() == list(range(12))
    assert found["reg"][0] == wb.create("ease").reg, "the defaults are tried first"
    assert found["reg"].n_unique() > 6
    assert found["reg"].is_between(1.0, 1000.0).all()
    assert found.filter("best")["mean"].item() == found["mean"].max()
    assert (found["low"] <= found["mean"]).all()
    assert (found["mean"] <= found["high"]).all()
    assert found["n"].n_unique() == 1
    assert found["state"].unique().to_list() == ["measured"]
    assert "cut again per-user-time" in found["validation"][0]


def test_a_figure_is_that_of_the_model_on_the_validation_cut(split, tmp_path):
    found = tuned(split, tmp_path, trials=3)
    inner = validation_cut(split)
    for row in found.iter_rows(named=True):
        rows = wb.evaluate(wb.create("ease", reg=row["reg"]).fit(inner.train), inner)
        assert rows["ndcg"].mean() == pytest.approx(row["mean"], abs=1e-12)


def test_the_test_part_and_the_guests_are_never_read(split, tmp_path):
    inner = validation_cut(split)
    train = split.train.interactions
    assert inner.train.interactions.height + inner.test.height == train.height
    assert not set(inner.people()[0]) & set(split.guests)
    turned = split.test.with_columns(pl.col(ITEM).reverse(), pl.col(VALUE) * 0 + 1)
    other = dataclasses.replace(split, test=turned)
    assert other.fingerprint != split.fingerprint
    one, two = (tuned(s, tmp_path, trials=6).drop(UNTIMED) for s in (split, other))
    assert one.equals(two)


def test_a_search_that_was_cut_short_goes_on_as_if_it_had_not(split, tmp_path, monkeypatch):
    whole = tuned(split, tmp_path / "whole").drop(UNTIMED)
    real, calls = tuning.create, []

    def cut_short(*args, **kwargs):
        calls.append(kwargs)
        if len(calls) == 11:
            raise KeyboardInterrupt
        return real(*args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(tuning, "create", cut_short)
        with pytest.raises(KeyboardInterrupt):
            tuned(split, tmp_path / "cut")
    (file,) = (tmp_path / "cut" / "tuning").iterdir()
    kept = json.loads(file.read_text())["trials"]
    assert len(kept) == 10
    calls.clear()
    monkeypatch.setattr(tuning, "create", lambda *a, **k: calls.append(k) or real(*a, **k))
    assert tuned(split, tmp_path / "cut").drop(UNTIMED).equals(whole)
    assert len(calls) == 2, "what was measured is not measured again"
    assert (
        tuned(split, tmp_path / "cut", trials=4)
        .drop(UNTIMED, "best")
        .equals(whole[:4].drop("best"))
    )
    assert len(calls) == 2


def test_what_is_kept_is_of_these_arguments_only(split, tmp_path):
    tuned(split, tmp_path, trials=2)
    tuned(split, tmp_path, trials=2, seed=1)
    tuned(split, tmp_path, trials=2, k=5)
    tuned(split, tmp_path, trials=2, metric="recall")
    assert len(list((tmp_path / "tuning").iterdir())) == 4


@pytest.mark.parametrize("text", ["", "{", '{"asked": 1, "trials": 3}', "[]"])
def test_a_damaged_file_is_as_good_as_none(split, tmp_path, text):
    whole = tuned(split, tmp_path, trials=2).drop(UNTIMED)
    (file,) = (tmp_path / "tuning").iterdir()
    file.write_text(text)
    assert tuned(split, tmp_path, trials=2).drop(UNTIMED).equals(whole)
    assert len(json.loads(file.read_text())["trials"]) == 2


def test_resume_can_be_declined(split, tmp_path, monkeypatch):
    tuned(split, tmp_path, trials=2)
    real, calls = tuning.create, []
    monkeypatch.setattr(tuning, "create", lambda *a, **k: calls.append(k) or real(*a, **k))
    tuned(split, tmp_path, trials=2, resume=False)
    assert len(calls) == 2


def test_a_trial_that_fails_is_a_row_with_its_reason(split, tmp_path, monkeypatch):
    real = tuning.create

    def picky(name, **params):
        if params["reg"] > 100:
            raise ArgumentError("too smooth")
        return real(name, **params)

    monkeypatch.setattr(tuning, "create", picky)
    found = tuned(split, tmp_path)
    failed = found.filter(pl.col("state") == "failed")
    assert failed.height
    assert failed["reason"].unique().to_list() == ["too smooth"]
    assert failed["mean"].null_count() == failed.height
    assert found.filter("best")["state"].item() == "measured"
    monkeypatch.setattr(tuning, "create", lambda *a, **k: real("no-such-model"))
    with pytest.raises(DataError, match="none of the 2 trials could be measured; the first: name="):
        tuned(split, tmp_path / "none", trials=2)


@pytest.mark.parametrize(
    "error", [np.linalg.LinAlgError("singular"), MemoryError("1 PiB"), ZeroDivisionError("by 0"),
              FloatingPointError("overflow"), ValueError("not finite")],
)  # fmt: skip
def test_arithmetic_that_fails_costs_one_trial(split, tmp_path, monkeypatch, error):
    real, calls = tuning.create, []

    def fails_once(name, **params):
        calls.append(params)
        if len(calls) == 2:
            raise error
        return real(name, **params)

    monkeypatch.setattr(tuning, "create", fails_once)
    found = tuned(split, tmp_path, trials=3)
    assert found["state"].to_list() == ["measured", "failed", "measured"]
    assert found["reason"][1] == f"{type(error).__name__}: {error}"


def test_a_search_around_models_goes_on_in_another_process(split, tmp_path):
    def search(parts, trials):
        return wb.tune(
            "blend", split, {"seed": (0, 9)}, trials, fixed={"parts": parts},
            metric="recall", home=tmp_path, progress=False,
        )  # fmt: skip

    first = search([wb.create("popularity"), wb.create("ease", reg=50.0)], 2)
    again = search([wb.create("popularity"), wb.create("ease", reg=50.0)], 2)
    assert again.equals(first), "seconds included: nothing was measured again"
    search([wb.create("popularity"), wb.create("ease", reg=60.0)], 1)
    assert len(list((tmp_path / "tuning").iterdir())) == 2


def test_what_is_not_the_same_in_the_next_process_is_no_fixed_value(split, tmp_path):
    with pytest.raises(ArgumentError, match="fixed: 'parts' holds a function, by which an interr"):
        wb.tune(
            "blend", split, {"seed": (0, 9)}, 1, home=tmp_path,
            fixed={"parts": [FromFunction(), "popularity"]},
        )  # fmt: skip
    assert not (tmp_path / "tuning").exists()


def test_a_trial_measures_accuracy_alone(split, tmp_path, monkeypatch):
    measured = []
    real = tuning.evaluate

    def noted(*args, **kwargs):
        rows = real(*args, **kwargs)
        measured.append(set(rows.columns))
        return rows

    monkeypatch.setattr(tuning, "evaluate", noted)
    assert tuned(split, tmp_path, trials=1)["mean"][0] > 0
    assert "ndcg" in measured[0]
    assert not measured[0] & {"novelty", "diversity", "serendipity", "miscalibration"}


def test_models_of_ratings_are_tuned_for_their_error(split, tmp_path):
    space = {"reg": (1.0, 100.0, "log"), "n_factors": [4, 8]}
    found = wb.tune("svd", split, space, 4, fixed={"n_epochs": 2}, home=tmp_path, progress=False)
    assert found["metric"].unique().to_list() == ["rmse"]
    assert found.filter("best")["mean"].item() == found["mean"].min()


def test_a_log_without_timestamps_is_cut_at_random(tmp_path):
    log = wb.load("synthetic", n_users=60, n_items=100, n_events=1500, seed=3).interactions
    bare = wb.Dataset.from_frames(log.drop(TIME), relevant_from=4.0)
    split = wb.split(bare, "random")
    found = tuned(split, tmp_path, trials=2)
    assert "cut again random" in found["validation"][0]
    given = wb.Split.from_frames(split.train.interactions.select(USER, ITEM), split.test)
    assert validation_cut(given).method == "random"


@pytest.mark.parametrize(
    ("space", "message"),
    [
        ({}, "space is empty; name at least one parameter"),
        ({"rg": (1.0, 2.0)}, "'ease' takes no 'rg'; it takes reg"),
        ({"reg": 5.0}, "'reg' must be a range such as"),
        ({"reg": (1.0, 2.0, "lg")}, "'reg' must be a range such as"),
        ({"reg": (1.0, float("inf"))}, "'reg' must be a range such as"),
        ({"reg": (2.0, 1.0)}, "'reg' goes from 2.0 to 1.0; give the lower first"),
        ({"reg": (0.0, 1.0, "log")}, "'reg' cannot be \"log\" from 0.0; start above 0"),
        ({"reg": (-1.0, 1.0)}, "reg=-1.0 is refused by 'ease': reg must be above 0"),
        ({"reg": [1.0, 1.0]}, "'reg' lists a value twice"),
        ({"dtype": []}, "'dtype' must list numbers, texts"),
        ({"dtype": ["float32", "float16"]}, "dtype='float16' is refused by 'ease'"),
    ],
)
def test_a_space_that_cannot_be_searched_is_refused(split, tmp_path, space, message):
    with pytest.raises(ArgumentError, match=message.replace("(", r"\(")):
        wb.tune("ease", split, space, 2, home=tmp_path)
    assert not (tmp_path / "tuning").exists()


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"trials": 0}, "trials must be a whole number of at least 1, not 0"),
        ({"seed": -1}, "seed must be a whole number of at least 0, not -1"),
        ({"metric": "auc"}, "metric='auc' cannot be tuned for; there are ndcg"),
        ({"metric": "rmse"}, "metric='rmse' cannot be tuned for"),
        ({"k": 0}, "k must be a whole number of at least 1"),
        ({"fixed": {"reg": 2.0}}, "'reg' is in space and in fixed"),
    ],
)
def test_bad_arguments_are_refused(split, tmp_path, more, message):
    with pytest.raises(ArgumentError, match=message):
        wb.tune(**{"name": "ease", "split": split, "space": SPACE, "home": tmp_path, **more})


def test_models_without_a_space_of_their_own_say_so(split):
    with pytest.raises(ArgumentError, match="'popularity' has no space of its own"):
        wb.tune("popularity", split)


@pytest.mark.parametrize("name", SPACES)
def test_the_spaces_that_come_with_the_models_hold_their_defaults(name):
    ranges = tuning.checked(name, SPACES[name], {})
    params = wb.create(name).params()
    for param, values in ranges.items():
        assert values.holds(params[param]), param


def test_where_defaults_come_from_is_said_of_models_that_are_there():
    assert set(DEFAULTS) <= set(wb.model_names())
    assert set(SPACES) <= set(wb.model_names())
    for name, found in DEFAULTS.items():
        assert found.when.startswith("20"), name
