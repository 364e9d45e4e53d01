"""Run by the Python of the peers: LensKit and ranx, which time themselves.

Reads a line of JSON (``{"work": ..., ...}``), does the work, answers with one. Tables are
Parquet files in the folder named on the command line. It imports nothing of the workbench.
"""

import json
import os
import sys
import time
from pathlib import Path

FOLDER = Path(sys.argv[1])
HELD = {}
"""What was prepared and is measured again and again."""
LISTS = ("ndcg", "recall", "precision", "mrr", "map", "hit_rate")


def table(name):
    import pandas as pd

    return pd.read_parquet(FOLDER / f"{name}.parquet")


def timed(call):
    started = time.perf_counter()
    result = call()
    return result, (time.perf_counter() - started) * 1000


def versions():
    from importlib.metadata import version

    return {name: version(name) for name in ("lenskit", "ranx", "numpy", "torch")}


def lenskit_log(n_items):
    """The log as a LensKit Dataset that counts all items, as ours does."""
    import numpy as np
    from lenskit.data import DatasetBuilder

    builder = DatasetBuilder()
    builder.add_entities("item", np.arange(n_items))
    builder.add_interactions(
        "event",
        table("train").rename(columns={"user": "user_id", "item": "item_id"}),
        entities=["user", "item"],
        missing="insert",
        default=True,
    )
    HELD["log"] = builder.build()
    return {"items": HELD["log"].item_count, "events": HELD["log"].interaction_count}


def lenskit_ease(reg):
    from lenskit.knn import EASEScorer

    model = EASEScorer(regularization=reg)
    _, ms = timed(lambda: model.train(HELD["log"]))
    HELD["ease"] = model
    return {"ms": ms}


def lenskit_ease_weights():
    """The weights, in the order of the item codes."""
    import numpy as np
    import pandas as pd

    model = HELD["ease"]
    order = model.items.numbers(np.arange(len(model.items)))
    weights = model.weights[np.ix_(order, order)]
    names = [str(i) for i in range(len(order))]
    pd.DataFrame(weights, columns=names).to_parquet(FOLDER / "weights.parquet")
    return {}


def lenskit_lists(k):
    from lenskit.data import ItemListCollection
    from lenskit.metrics import RunAnalysis
    from lenskit.metrics.ranking import (
        NDCG,
        AveragePrecision,
        Hit,
        Precision,
        Recall,
        RecipRank,
    )
    from lenskit.metrics.ranking._weighting import LogRankWeight

    names = {"user": "user_id", "item": "item_id"}
    HELD["lists"] = ItemListCollection.from_df(table("lists").rename(columns=names), ["user_id"])
    HELD["answers"] = ItemListCollection.from_df(
        table("answers").rename(columns=names), ["user_id"]
    )
    for lists in HELD["lists"].lists():
        assert lists.ordered
    kinds = dict(
        zip(LISTS, (NDCG, Recall, Precision, RecipRank, AveragePrecision, Hit), strict=True)
    )
    made = {name: kind(k) for name, kind in kinds.items()}
    # By default its first two places count alike; with the offset it is the usual log2(rank + 1).
    made["ndcg"] = NDCG(k, weight=LogRankWeight(offset=1))
    HELD["lenskit-kinds"] = (RunAnalysis, made)
    return {}


def lenskit_metrics():
    analysis, kinds = HELD["lenskit-kinds"]

    def measure():
        run = analysis()
        for name, kind in kinds.items():
            run.add_metric(kind, name)
        return run.measure(HELD["lists"], HELD["answers"]).list_metrics()

    frame, ms = timed(measure)
    frame.reset_index().to_parquet(FOLDER / "measured.parquet")
    return {"ms": ms}


def ranx_lists(k):
    """Lists and answers in ranx' own form; its compiled code is warmed by the first turn."""
    from ranx import Qrels, Run

    lists = table("lists").astype({"user": str, "item": str})
    lists["score"] = (k + 1 - lists["rank"]).astype(float)
    answers = table("answers").astype({"user": str, "item": str}).assign(score=1)
    HELD["run"] = Run.from_df(lists, q_id_col="user", doc_id_col="item", score_col="score")
    HELD["qrels"] = Qrels.from_df(answers, q_id_col="user", doc_id_col="item", score_col="score")
    HELD["ranx-names"] = [
        f"{name}@{k}" for name in ("ndcg", "recall", "precision", "mrr", "map", "hit_rate")
    ]
    return {}


def ranx_metrics():
    import pandas as pd
    from ranx import evaluate

    names, run, qrels = HELD["ranx-names"], HELD["run"], HELD["qrels"]
    found, ms = timed(
        lambda: evaluate(
            qrels, run, names, return_mean=False, threads=int(os.environ["NUMBA_NUM_THREADS"])
        )
    )
    frame = pd.DataFrame(dict(zip(LISTS, found.values(), strict=True)))
    frame["user_id"] = [int(user) for user in run.get_query_ids()]
    frame.to_parquet(FOLDER / "measured.parquet")
    return {"ms": ms}


WORKS = {
    work.__name__: work
    for work in (
        versions, lenskit_log, lenskit_ease, lenskit_ease_weights, lenskit_lists,
        lenskit_metrics, ranx_lists, ranx_metrics,
    )
}  # fmt: skip


def main():
    # Answers have a way of their own, so that nothing a library prints is taken for one.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            said = WORKS[asked.pop("work")](**asked)
        except Exception as error:
            said = {"error": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(said) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
