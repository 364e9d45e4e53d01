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


MODELS: dict[str, str] = {
    "engine": "Several simple models bring candidates; decision trees that learnt from later "
    "choices put them in order.",
    "popularity": "What most people liked, the same for everybody.",
    "recent": "What most people liked lately, the same for everybody.",
    "trending": "What most people liked just before the person's own moment.",
    "picks": "A list made by hand, or the best rated, the same for everybody.",
    "recently-viewed": "What the person met last, and best sellers of the same kind.",
    "item-knn": "Things liked by the people who liked what this person liked.",
    "user-knn": "What people with a similar history liked.",
    "rp3beta": "A short walk from the person's things to other people and on to their things.",
    "ease": "How much liking each thing speaks for each other thing, learnt for all at once.",
    "slim": "How much liking a few things speaks for another, all else left out.",
    "session": "What goes with the last things that the person did.",
    "following": "What people met soon after the last things that this person met.",
    "als": "Hidden tastes of people and things, learnt from who met what.",
    "svd": "Hidden tastes of people and things, learnt from ratings.",
    "svdpp": "Hidden tastes, learnt from ratings and from what was rated at all.",
    "nmf": "Hidden tastes that only add up, learnt from ratings.",
    "slope-one": "The person's mean rating, and how much better or worse a thing is rated.",
    "knn-baseline": "Ratings of similar people or things, less how strict people are.",
    "baseline": "How good a thing is rated by all, and how strict the person is.",
    "content": "Things of the genres and years that the person liked.",
    "rules": "Who liked this also liked that: rules counted in the log.",
    "blend": "Several models together, each with its weight.",
    "switch": "One model for short histories, another for long ones.",
    "cascade": "One model narrows down, the next puts in order.",
    "stack": "Predicted ratings of several models, weighed by what they got right.",
}
"""Model → what it goes by, in plain words."""


def model_words(model: str) -> str:
    """What a model goes by, in one plain sentence; empty where we have none."""
    return MODELS.get(model, "")


DIALS: dict[str, tuple[str, str]] = {
    "diversity": (
        "Variety",
        "Prefers what is unlike the places above it, by genre. 0 leaves the list as it is, 1 looks "
        "at nothing else. (Maximal marginal relevance.)",
    ),
    "calibration": (
        "A mix like their own",
        "Brings the mix of genres in the list nearer to the mix that the person liked. 0 is off.",
    ),
    "popularity_penalty": (
        "Less of the popular",
        "Lowers what many people know, so that lesser known things come up. 0 is off.",
    ),
    "epsilon": (
        "Chance",
        "How often a place goes to any of the good ones alike, so that the engine can learn what "
        "it would never have shown. 0 is off. (Exploration.)",
    ),
}
"""Dial of a policy → its name and what it does, in plain words."""

STEPS: dict[str, str] = {
    "exclude": "Never show",
    "boost": "Lift or push down",
    "pin": "Pin to the top",
    "cap": "At most so many of a kind",
    "floor": "A share for each kind",
    "min_new": "Room for new things",
    "explore": "Chance",
}
"""Step of a policy → its name, where it is no dial."""


def dial_name(dial: str) -> str:
    """What a dial, or a step, of a policy is called on a screen."""
    return DIALS.get(dial, (STEPS.get(dial, column_name(dial)), ""))[0]


def dial_words(dial: str) -> str:
    """What a dial does, in plain words; empty where we have none."""
    return DIALS.get(dial, ("", ""))[1]


def column_name(column: object) -> str:
    """The name of a column as it is shown; it may be text of the log."""
    return {"genres": "genre"}.get(str(column), str(column).replace("_", " "))


def stars(value: float) -> str:
    """A rating as it is shown."""
    return f"★ {value:g}"


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
    return "–" if value is None or value != value else f"{value:.{digits}f}".replace("-", "−")


def interval(low: float | None, high: float | None, digits: int = 3) -> str:
    """``0.180 to 0.201``; a dash where there is none."""
    if low is None or high is None or low != low or high != high:
        return "–"
    return f"{number(low, digits)} to {number(high, digits)}"
