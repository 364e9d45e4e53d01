"""Plain words for what the package measures, for people who never heard of nDCG."""

from __future__ import annotations

METRICS: dict[str, tuple[str, str]] = {
    "ndcg": (
        "Ranking quality (nDCG)",
        "How well the list puts what the person later liked near the top: 1 is perfect, 0 is none.",
    ),
    "hit_rate": (
        "Finds at least one (hit rate)",
        "Share of people who later liked at least one thing that their list held.",
    ),
    "recall": (
        "Share found (recall)",
        "How much of all that the person later liked was in the list.",
    ),
    "precision": (
        "Share right (precision)",
        "How much of the list the person later liked.",
    ),
    "mrr": (
        "First hit (MRR)",
        "How near the top the first liked thing stands: 1 is first place, 0.5 second.",
    ),
    "map": (
        "Average precision (MAP)",
        "Rewards having many liked things, early in the list.",
    ),
    "novelty": (
        "Novelty",
        "How little known the shown things are; more bits, fewer people know them.",
    ),
    "diversity": ("Diversity", "How unlike each other the shown things are, by genre."),
    "serendipity": (
        "Serendipity",
        "Liked things that a plain list of the most popular would not have shown.",
    ),
    "miscalibration": (
        "Mis-calibration",
        "How far the mix of genres shown is from the mix that the person likes; less is better.",
    ),
    "popularity_lift": (
        "Popularity lift",
        "How much more popular the shown things are than what the person chose themselves.",
    ),
    "coverage": ("Coverage", "Share of the whole catalogue that was shown to anybody."),
    "gini": (
        "Concentration (Gini)",
        "How unevenly attention is spread over the catalogue: 0 evenly, 1 all on one thing.",
    ),
    "tail_share": ("Little-known share", "Share of attention that goes to little-known things."),
    "rmse": ("Rating error (RMSE)", "Typical error of predicted ratings; less is better."),
    "mae": ("Rating error (MAE)", "Average error of predicted ratings; less is better."),
}
"""Metric → its name and what it means, in plain words."""


def metric_name(metric: str) -> str:
    """What a metric is called on a screen."""
    return METRICS.get(metric, (metric.replace("_", " "), ""))[0]


def metric_words(metric: str) -> str:
    """What a metric means, in one plain sentence; empty where we have none."""
    return METRICS.get(metric, ("", ""))[1]


def likeness(overlap: float) -> str:
    """Rank-biased overlap of two lists in words."""
    for least, words in (
        (0.9995, "The two lists are the same."),
        (0.9, "The two lists are almost the same."),
        (0.7, "The two lists are mostly the same."),
        (0.4, "The two lists share about half."),
        (0.15, "The two lists are quite different."),
        (1e-9, "The two lists are almost entirely different."),
    ):
        if overlap >= least:
            return words
    return "The two lists have nothing in common."


def counted(n: int, one: str, many: str | None = None) -> str:
    """``3 changes``, ``1 change``."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def number(value: float | None, digits: int = 3) -> str:
    """A number for a screen; a dash where there is none."""
    return "–" if value is None or value != value else f"{value:.{digits}f}"


def interval(low: float | None, high: float | None, digits: int = 3) -> str:
    """``0.180 to 0.201``; a dash where there is none."""
    if low is None or high is None or low != low or high != high:
        return "–"
    return f"{low:.{digits}f} to {high:.{digits}f}"
