"""Every column name that crosses a module border, spelt once."""

USER = "user_id"
ITEM = "item_id"
TIME = "timestamp"
"""Seconds since 1970-01-01 UTC, Float64 (whole seconds and fractions are both exact)."""
VALUE = "value"
KIND = "event"
WEIGHT = "weight"

TITLE = "title"
GENRES = "genres"
"""List of strings."""
YEAR = "year"

AS_OF = "as_of"

ROW = "row"
RANK = "rank"
SCORE = "score"
SOURCE = "source"

FEATURE = "feature"
GROUP = "group"
SHARE = "share"
REMOVAL = "removal"

METRIC = "metric"
ATTRIBUTE = "attribute"
N = "n"
MEAN = "mean"
LOW = "low"
HIGH = "high"
DEFINITION = "definition"

GUEST = "guest"
COLD = "cold"
N_RELEVANT = "n_relevant"
