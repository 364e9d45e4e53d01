"""`workbench run` on files of one's own: good rows are kept exactly, broken ones are listed."""

import json

import polars as pl
import pytest

from workbench.data.synthetic import synthetic
from workbench.pipeline import Run, job
from workbench.ranking.engine import Engine

MAP = "user_id=customer,item_id=sku,timestamp=ts,value=stars"


class Quick(Engine):
    """The default engine of a run, made small."""

    def __init__(self, seed=0):
        super().__init__(retrievers={"ease": ["ease", {}]}, n_trees=5, seed=seed)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(job, "Engine", Quick)


@pytest.fixture(scope="module")
def good():
    """Two thousand good rows: other names, ids with leading zeros."""
    log = synthetic(n_users=80, n_items=100, n_events=2000, seed=1).interactions
    return log.select(
        pl.col("user_id").cast(pl.String).str.zfill(5).alias("customer"),
        pl.col("item_id").cast(pl.String).str.zfill(4).alias("sku"),
        pl.col("timestamp").cast(pl.Int64).cast(pl.String).alias("ts"),
        pl.col("value").cast(pl.String).alias("stars"),
    )


def items_of(log):
    return log.select("sku").unique().sort("sku").with_columns(title="Item " + pl.col("sku"))


def broken(good):
    """1 % broken rows of every kind, by the rule they break."""
    row = good.row(0, named=True)
    kinds = {
        "missing_user_id": {**row, "customer": None},
        "missing_item_id": {**row, "sku": None},
        "bad_time": {**row, "ts": "yesterday"},
        "negative_value": {**row, "stars": "-3", "ts": "1650000001"},
        "text_value": {**row, "stars": "good", "ts": "1650000002"},
        "orphan_item": {**row, "sku": "9999"},
        "exact_copy": row,
    }
    return pl.DataFrame(
        [{**kinds[kind]} for kind in kinds for _ in range(3)], schema=good.schema
    ), kinds


def test_one_percent_broken_rows_of_every_kind(workbench, good, tmp_path):
    bad, kinds = broken(good)
    assert bad.height >= 0.01 * good.height
    log, items = tmp_path / "events.csv", tmp_path / "items.csv"
    pl.concat([good, bad]).write_csv(log)
    items_of(good).write_csv(items)
    found = workbench(
        "run", "--interactions", log, "--items", items, "--map", MAP, "--relevant-from", 4,
        "--models", "popularity,ease", "--quiet",
    )  # fmt: skip
    assert found.exit_code == 0, found.stderr
    run = Run.latest()
    train = run.split.train
    kept = pl.concat([train.interactions, train.guest_interactions, run.split.test])
    expected = good.select(
        pl.col("customer").alias("user_id"),
        pl.col("sku").alias("item_id"),
        pl.col("ts").cast(pl.Float64).alias("timestamp"),
        pl.col("stars").cast(pl.Float64).alias("value"),
    )
    order = expected.columns
    assert kept.select(order).sort(order).equals(expected.sort(order))
    assert train.refused.height == bad.height
    assert train.refused["rule"].n_unique() == len(kinds)
    counts = {
        table: dict(part.group_by("rule").len().iter_rows())
        for (table,), part in train.refused.partition_by("table", as_dict=True).items()
    }
    assert run.manifest["dataset"]["refused"] == counts
    assert "Refused rows, by table and rule" in found.stdout
    assert f"    interactions: {next(iter(sorted(counts['interactions'])))} 3" in found.stdout
    report = json.loads((run.path / "report.json").read_text("utf-8"))
    listed = {row["rule"]: row["rows"] for row in report["data"]["refused"]}
    assert sum(listed.values()) == bad.height
    assert set(listed) == set(train.refused["rule"])
    page = run.report.read_text("utf-8")
    assert all(rule.replace("_", " ") in page or rule in page for rule in listed)


def test_a_log_without_values(workbench, good, tmp_path):
    log = tmp_path / "events.csv"
    good.drop("stars").write_csv(log)
    names = MAP.replace(",value=stars", "")
    found = workbench("run", "--interactions", log, "--map", names, "--quiet",
                      "--models", "popularity")  # fmt: skip
    assert found.exit_code == 0, found.stderr
    assert Run.latest().manifest["dataset"]["relevant_from"] is None
    refused = workbench("run", "--interactions", log, "--map", names, "--models", "svd")
    assert refused.exit_code == 2
    assert "'svd' needs values" in refused.stderr


def test_a_log_without_timestamps(workbench, good, tmp_path):
    log = tmp_path / "events.parquet"
    good.drop("ts").write_parquet(log)
    names = MAP.replace("timestamp=ts,", "")
    found = workbench("run", "--interactions", log, "--map", names, "--relevant-from", 4,
                      "--models", "popularity", "--quiet")  # fmt: skip
    assert found.exit_code == 0, found.stderr
    assert "no timestamps, so its test events are chosen at random" in found.stdout
    assert Run.latest().manifest["split"]["method"] == "random"
    refused = workbench("run", "--interactions", log, "--map", names, "--split", "per-user-time")
    assert refused.exit_code == 2
    assert "needs timestamps" in refused.stderr


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda log: log.clear(), "events"),
        (lambda log: log.filter(pl.col("customer") == log["customer"][0]), "1 people"),
        (lambda log: log.filter(pl.col("sku") == log["sku"][0]), "1 items"),
        (lambda log: log.head(12), "at least"),
    ],
    ids=["empty", "one user", "one item", "too few"],
)
def test_a_log_that_cannot_work_is_refused_in_one_sentence(
    workbench, good, tmp_path, monkeypatch, make, message
):
    def refuse(*_, **__):
        raise AssertionError("training started")

    monkeypatch.setattr(job, "_measured", refuse)
    log = tmp_path / "events.csv"
    make(good).write_csv(log)
    found = workbench("run", "--interactions", log, "--map", MAP)
    assert found.exit_code == 2
    assert message in found.stderr
    assert len(found.stderr.strip().splitlines()) == 1
    assert Run.latest() is None


def test_an_empty_file_is_refused(workbench, tmp_path):
    log = tmp_path / "events.csv"
    log.write_text("")
    found = workbench("run", "--interactions", log)
    assert found.exit_code == 2
    assert len(found.stderr.strip().splitlines()) == 1
    assert "empty" in found.stderr


def test_a_rule_that_refuses_rows_of_two_tables_is_counted_in_each():
    from workbench.pipeline.manifest import refused_rows

    refused = pl.DataFrame(
        {"table": ["users", "items", "items"], "rule": ["missing_id", "missing_id", "missing_id"]}
    )
    assert refused_rows(refused) == {"items": {"missing_id": 2}, "users": {"missing_id": 1}}
    assert refused_rows(refused.clear()) == {}
