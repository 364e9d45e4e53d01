"""What each figure means: one entry per metric, and the words that travel with its numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from workbench.columns import DEFINITION, METRIC, VALUE
from workbench.data.split import IN_TIME, Split
from workbench.errors import ArgumentError, DataError
from workbench.models.base import Recommender
from workbench.profiles import Profiles
from workbench.ranking.recommend import check_k
from workbench.vocabulary import Id

K = "k"
PROTOCOL = "protocol"
"""Column of the rows: how the question was asked, in words; the same text on every row."""


@dataclass(frozen=True)
class Metric:
    """A figure of one person, and how the people's figures become one.

    Attributes
    ----------
    words : str
        The definition; ``{k}`` stands for the number of places.
    low, high : float
        The range of the values; infinite where there is no bound.
    better : int
        1 where more is better, -1 where less is, 0 where neither is.
    source : str
        Where the formula comes from.
    total, over : str, optional
        For figures that are pooled: the columns whose sums are divided. Otherwise the figure is
        the mean over people.
    root : bool
        Whether the square root of that quotient is meant.
    """

    words: str
    low: float = 0.0
    high: float = 1.0
    better: int = 1
    source: str = ""
    total: str | None = None
    over: str | None = None
    root: bool = False


MANNING = "Manning, Raghavan, Schütze 2008, Introduction to Information Retrieval, ch. 8"

METRICS: dict[str, Metric] = {
    "ndcg": Metric(
        "nDCG@{k}, binary, log2 discount, ideal = min({k}, relevant items) on top",
        source="Järvelin, Kekäläinen 2002, Cumulated gain-based evaluation of IR techniques",
    ),
    "recall": Metric("recall@{k}, hits / relevant items of the person", source=MANNING),
    "precision": Metric(
        "precision@{k}, hits / {k}, a shorter list has misses at its end", source=MANNING
    ),
    "mrr": Metric(
        "MRR@{k}, 1 / rank of the first hit, 0 without one",
        source="Voorhees 1999, The TREC-8 question answering track report",
    ),
    "map": Metric(
        "MAP@{k}, precision at the rank of each hit, summed, / min({k}, relevant items)",
        source=MANNING,
    ),
    "hit_rate": Metric(
        "hit rate@{k}, 1 with at least one hit, else 0",
        source="Deshpande, Karypis 2004, Item-based top-N recommendation algorithms",
    ),
    "novelty": Metric(
        "novelty@{k} in bits, mean over shown items of -log2((c + 1) / (n + 1)), c of the n "
        "training people met the item",
        high=math.inf,
        better=0,
        source="Zhou et al. 2010, Solving the apparent diversity-accuracy dilemma; add-one ours",
    ),
    "diversity": Metric(
        "diversity@{k}, mean over pairs of shown items of 1 - Jaccard likeness of their genres, "
        "items without genres left out",
        better=0,
        source="Ziegler et al. 2005, Improving recommendation lists through topic diversification",
    ),
    "serendipity": Metric(
        "serendipity@{k}, hits outside the person's top {k} by popularity / {k}",
        source="Ge, Delgado-Battenfeld, Jannach 2010, Beyond accuracy; usefulness = relevance",
    ),
    "miscalibration": Metric(
        "mis-calibration@{k} in nats, KL(p || 0.99 q + 0.01 p), p genres of the relevant history, "
        "q of the list, each item's genres sharing its weight",
        high=math.log(100),
        better=-1,
        source="Steck 2018, Calibrated recommendations",
    ),
    "popularity_lift": Metric(
        "popularity lift@{k}, mean popularity of the list / that of the history - 1, popularity = "
        "share of training people who met the item",
        low=-1.0,
        high=math.inf,
        better=0,
        source="Abdollahpouri et al. 2020, The connection between popularity bias, calibration, "
        "and fairness in recommendation; per person",
    ),
    "rmse": Metric(
        "RMSE over ratings (not a mean over people), in the log's unit",
        high=math.inf,
        better=-1,
        source="Herlocker et al. 2004, Evaluating collaborative filtering recommender systems",
        total="squared_error",
        over="n_scored",
        root=True,
    ),
    "mae": Metric(
        "MAE over ratings (not a mean over people), in the log's unit",
        high=math.inf,
        better=-1,
        source="Herlocker et al. 2004, Evaluating collaborative filtering recommender systems",
        total="absolute_error",
        over="n_scored",
    ),
}


def definition(metric: str, k: int | None, protocol: str) -> str:
    """One figure in words: what it is; how it was asked."""
    return f"{METRICS[metric].words.format(k=k)}; {protocol}"


def definitions(k: int, split: Split) -> pl.DataFrame:
    """What the figures of ``wb.evaluate(model, split, k)`` mean, before anything is measured.

    Parameters
    ----------
    k : int
        Places measured.
    split : Split
        Says who is asked and what is relevant; both are part of each definition.

    Returns
    -------
    polars.DataFrame
        One row per metric: ``metric``, its name in the rows; ``definition``, the words that
        belong to its numbers; ``low`` and ``high``, the range of one person's value (null where
        there is no bound); ``better``, 1 where more is better, -1 where less is, 0 where neither
        is; ``source``, where the formula comes from.

    Raises
    ------
    ArgumentError
        ``k`` or ``split`` cannot be used.
    """
    check_k(k)
    check_split(split)
    text = ranking_protocol(split)
    return pl.DataFrame(
        [
            {
                METRIC: name,
                DEFINITION: definition(name, k, text),
                "low": metric.low,
                "high": metric.high if math.isfinite(metric.high) else None,
                "better": metric.better,
                "source": metric.source,
            }
            for name, metric in METRICS.items()
            if metric.total is None
        ],
        schema_overrides={"high": pl.Float64},
    )


def ranking_protocol(split: Split, lists: str = "all unseen items ranked") -> str:
    """How people were asked: what is relevant, what was ranked, of whom, cut how."""
    ids, _ = split.people()
    relevant = "every test event"
    if split.train.relevant_from is not None and VALUE in split.test.columns:
        relevant = f"value >= {split.train.relevant_from:g}"
    guests = int(is_guest(split, ids).sum())
    return (
        f"relevant = {relevant}, {lists}, {len(ids):,} of {split.train.n_users:,} people have a "
        "relevant test item not met before, "
        + (f"{guests:,} of them guests, " if guests else "")
        + cut(split)
    )


def fitted_elsewhere(model: Recommender, split: Split) -> str:
    """The words for figures of a model that may have seen the test; "" where it is not so.

    Nothing is said of a model that does not know what it was fitted on.
    """
    if model.fitted_on in (None, split.train.fingerprint):
        return ""
    return (
        "; the model was fitted on other data than this split's training part: figures may be "
        "flattered"
    )


def is_guest(split: Split, ids: list[Id]) -> NDArray[np.bool_]:
    """Which of the people are in no fit, ``(n_people,)``."""
    people = split.train.people
    guests = {*split.guests, *split.train.guest_ids}
    return np.isin(people.codes(ids), people.codes(guests))


def cut(split: Split) -> str:
    """How the log was cut, in words."""
    words = f"{split.method} split"
    if "test_fraction" in split.parameters:
        words += f" of {split.parameters['test_fraction']:g}"
    if split.method in IN_TIME:
        words += ", ties by hash"
    if "asked" in split.parameters:
        asked, of = (split.parameters[name] for name in ("asked", "of"))
        which = "only" if "chosen" in split.parameters else "a sample of"
        words += f"; asked were {which} {asked:,} of {of:,} people"
    return words


def check_split(split: object) -> None:
    """Refuse what is not one Split."""
    if isinstance(split, tuple | list):
        raise ArgumentError(
            f"split is a {type(split).__name__} of {len(split)}; evaluate one fold at a time "
            "and put the rows together"
        )
    if not isinstance(split, Split):
        raise ArgumentError(f"split must be a Split from wb.split, not {type(split).__name__}")


def check_asked(model: object, split: object) -> None:
    """Refuse what is not one Split, or not a fitted model."""
    check_split(split)
    if not isinstance(model, Recommender):
        raise ArgumentError(f"model must be a fitted model, not {type(model).__name__}")
    model._require_fitted()


def asked_people(
    model: Recommender, split: Split, argument: str = "model"
) -> tuple[list[Id], Profiles]:
    """``split.people()``: those with a relevant test item, where the model counts the same items.

    Raises
    ------
    ArgumentError
        The model counts other items than the split.
    DataError
        Nobody has a relevant test item.
    """
    if model.catalogue != split.train.catalogue:
        raise ArgumentError(
            f"{argument} counts other items than the split; fit it on split.train, or on "
            "another part of the same log"
        )
    ids, people = split.people()
    if not ids:
        raise DataError(f"nobody in the test of {split.train.name!r} has a relevant item")
    return ids, people
