"""A search that says "nothing" has looked; what is there by chance is not taken for a person."""

import json

import numpy as np
import polars as pl
import pytest

import workbench as wb
from workbench.pipeline.traces import Sought, histories_of, runs_in, traces

OWN = np.array([3, 7, 8, 12, 40])


@pytest.fixture
def sought():
    return Sought(7, "shop", (OWN,), frozenset({"user_id", "customer"}))


@pytest.fixture
def home(tmp_path):
    """A run of the log, a run of another one, and files beside them."""
    for name in ("shop", "other"):
        folder = tmp_path / "runs" / f"{name}-1"
        folder.mkdir(parents=True)
        (folder / "manifest.json").write_text(json.dumps({"dataset": {"name": name}}))
    return tmp_path


def found(home, sought):
    return {(file, where): n for file, where, n in traces(home, sought)[0].iter_rows()}


def test_each_kind_of_file_is_searched(home, sought):
    run = home / "runs" / "shop-1"
    pl.DataFrame({"user_id": [7, 8, 7]}).write_parquet(run / "people.parquet")
    pl.DataFrame({"customer": ["7", "77"]}).write_csv(run / "raw.csv")
    row = [json.dumps({"customer": "7", "value": 9}), json.dumps({"customer": "8", "value": 7})]
    pl.DataFrame({"row": row}).write_parquet(run / "refused.parquet")
    (run / "split.json").write_text('{"guests": [1, 7], "seed": 7, "n": [7, 7]}')
    (run / "events.jsonl").write_text('{"user_id": 7}\n{"user_id": 1}\n')
    np.savez(run / "arrays.npz", a=np.r_[1, OWN, 2, OWN], b=OWN[::-1], names=np.array(["7", "8"]))
    assert found(home, sought) == {
        ("runs/shop-1/people.parquet", "rows, by column user_id"): 2,
        ("runs/shop-1/raw.csv", "rows, by column customer"): 1,
        ("runs/shop-1/refused.parquet", "refused rows"): 1,
        ("runs/shop-1/split.json", "the id in a list of people"): 1,
        ("runs/shop-1/events.jsonl", "the id in a list of people"): 1,
        ("runs/shop-1/arrays.npz", "the history, item by item, in a"): 2,
        ("runs/shop-1/arrays.npz", "the id in names"): 1,
    }


def test_person_7_of_another_log_is_somebody_else(home, sought):
    pl.DataFrame({"user_id": [7]}).write_parquet(home / "runs" / "other-1" / "people.parquet")
    pl.DataFrame({"user_id": [7]}).write_parquet(home / "rows.parquet")
    assert found(home, sought) == {}
    (home / "shop").mkdir()
    pl.DataFrame({"user_id": [7]}).write_parquet(home / "shop" / "rows.parquet")
    assert list(found(home, sought)) == [("shop/rows.parquet", "rows, by column user_id")]


def test_an_id_that_can_be_nothing_else_is_found_anywhere(home):
    whole = Sought("anna@example.org", "shop")
    (home / "log.html").write_text("<p>anna@example.org, anna@example.org</p>")
    pl.DataFrame({"note": ["anna@example.org", "b"]}).write_parquet(
        home / "runs" / "shop-1" / "notes.parquet"
    )
    there = found(home, whole)
    assert there[("log.html", "the id as text")] == 2
    assert there[("runs/shop-1/notes.parquet", "rows, by column note")] == 1
    assert found(home, Sought("7", "shop")) == {}
    assert not Sought("1234567", "shop").distinct


def test_an_id_across_the_border_of_two_blocks_is_found(home, monkeypatch):
    monkeypatch.setattr("workbench.pipeline.traces.BLOCK", 5)
    (home / "log.txt").write_text("xxxcustomer-1yyycustomer-1")
    assert found(home, Sought("customer-1", "shop")) == {("log.txt", "the id as text"): 2}


def test_what_cannot_be_read_may_hold_anybody(home, sought):
    (home / "runs" / "shop-1" / "people.parquet").write_bytes(b"not parquet")
    ((_, where),) = found(home, sought)
    assert where.startswith("it cannot be read")


def test_a_copy_of_the_source_holds_everybody(home, sought):
    for name in ("shop", "other"):
        (home / "cache" / name).mkdir(parents=True)
        (home / "cache" / name / "u.data").write_text("7\t1\n")
    assert list(found(home, sought)) == [
        ("cache/shop/u.data", "a copy of the source, which holds everybody")
    ]


def test_a_link_is_not_followed(home, sought, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside") / "people.parquet"
    pl.DataFrame({"user_id": [7]}).write_parquet(outside)
    (home / "runs" / "shop-1" / "link.parquet").symlink_to(outside)
    assert found(home, sought) == {}


# --- histories --------------------------------------------------------------------------------


def history(items, user):
    return [{"user_id": user, "item_id": item, "timestamp": float(n), "value": 5.0}
            for n, item in enumerate(items)]  # fmt: skip


def test_only_a_history_that_tells_somebody_apart_is_looked_for():
    rows = [
        *history([9, 1, 5, 3], "own"),
        *history([2, 4, 6, 8], "shared"),
        *history([0, 2, 4, 6, 8], "longer"),
        *history([1, 2], "short"),
        *history([4, 5, 6, 7], "neighbours"),
    ]
    log = wb.Dataset.from_frames(pl.DataFrame(rows), relevant_from=4)
    code = log.catalogue.codes
    own = histories_of(log, "own")
    assert {tuple(h) for h in own} == {tuple(sorted(code([9, 1, 5, 3]))), tuple(code([9, 1, 5, 3]))}
    assert histories_of(log, "shared") == []
    assert histories_of(log, "short") == []
    assert histories_of(log, "neighbours") == []


@pytest.mark.parametrize(
    ("array", "n"),
    [
        (np.r_[OWN], 1), (np.r_[0, OWN, OWN], 2), (OWN[:-1], 0), (np.r_[OWN[:-1], 41], 0),
        (np.array([], dtype=int), 0), (np.insert(OWN, 2, 99), 0),
    ],
)  # fmt: skip
def test_runs_are_counted(array, n):
    assert runs_in(array, OWN) == n
