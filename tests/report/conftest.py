"""A small run folder with all that a report is made from; made once, copied where it is changed."""

from types import SimpleNamespace

import polars as pl
import pytest

import workbench as wb
from workbench.audit.behaviour import behaviour
from workbench.evaluation.cold_start import cold_start
from workbench.report.html import write_report

EXAMPLE = {
    "persona": "Somebody who likes space.",
    "history": [{"title": "The long way up", "value": 5.0}],
    "slate": [{"rank": 1, "title": "A far light", "score": 1.5, "source": "ease"}],
    "item": "A far light",
    "sentence": "A far light is here because of The long way up.",
    "score": 1.5,
    "base": -0.5,
    "residual": 1e-7,
    "features": [{"name": "ease.score", "meaning": "what EASE says", "value": 0.25, "share": 2.0}],
    "events": [{"title": "The long way up", "share": 2.0, "removal": 1.75}],
}


def make_run(folder, split, models):
    rows = {name: wb.evaluate(model, split) for name, model in models.items()}
    audit = wb.audit(models["ease"], split, rows=rows["ease"])
    leaderboard = pl.concat(
        [wb.summarise(r).select(pl.lit(n).alias("model"), pl.all()) for n, r in rows.items()]
    )
    comparisons = wb.compare(rows, against="popularity")
    (folder / "audit").mkdir(parents=True)
    (folder / "data").mkdir()
    people = pl.concat([r.select(pl.lit(n).alias("model"), pl.all()) for n, r in rows.items()])
    people.write_parquet(folder / "people.parquet")
    leaderboard.write_parquet(folder / "leaderboard.parquet")
    comparisons.write_parquet(folder / "comparisons.parquet")
    ties = pl.DataFrame(
        {"tie_seed": [0, 1, 2], "metric": "ndcg", "mean": [0.21, 0.2, 0.2345], "n": 9}
    ).with_columns(model=pl.lit("ease"))
    ties.write_parquet(folder / "tie_orders.parquet")
    parts = [
        wb.summarise(cold_start(m, split, [0, 2]), by="history").select(
            pl.lit(n).alias("model"), pl.all()
        )
        for n, m in models.items()
    ]
    cold = pl.concat(parts).filter(pl.col("metric") == "ndcg")
    cold.write_parquet(folder / "cold_start.parquet")
    split.train.users.write_parquet(folder / "data" / "users.parquet")
    behaviour(split).write_parquet(folder / "audit" / "behaviour.parquet")
    for name in ("people", "items", "leakage", "verdicts", "flip"):
        getattr(audit, name).write_parquet(folder / "audit" / f"{name}.parquet")
    return SimpleNamespace(
        path=folder,
        split=split,
        leaderboard=leaderboard,
        comparisons=comparisons,
        tie_orders=ties,
        cold_start=cold,
        audit=audit,
        examples=[EXAMPLE],
        manifest={
            "run_id": "small",
            "created": "1 May 2026",
            "seed": 0,
            "audited": "ease",
            "stages": {"fit": 1.25},
            "versions": {"python": "3.11"},
        },
    )


@pytest.fixture(scope="session")
def run(tmp_path_factory):
    dataset = wb.load("synthetic", n_users=300, n_items=100, n_events=6000, seed=2)
    dataset.provenance["source"] = "https://somewhere.example/log.zip"
    split = wb.split(dataset, guests=0.1)
    models = {name: wb.create(name).fit(split.train) for name in ("ease", "popularity")}
    run = make_run(tmp_path_factory.mktemp("runs") / "small", split, models)
    write_report(run.path, run)
    return run


@pytest.fixture(scope="session")
def page(run):
    return (run.path / "report.html").read_text("utf-8")
