"""What a policy reads of items: their groups and counts, by item code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from workbench.columns import GENRES, ITEM, YEAR
from workbench.data.dataset import Dataset
from workbench.features.bands import decades, popularity_bands
from workbench.vocabulary import Vocabulary

POPULARITY, DECADE, PEOPLE, NEW = "popularity", "decade", "n_people", "new"
SEPARATORS = r"[|,;]"


@dataclass(frozen=True)
class Groups:
    """Which item has which value of a column.

    Attributes
    ----------
    column : str
    names : list of str
        The values as text, sorted.
    member : (n_items, n_values) bool
        By item code; an item without a value has a row of False.
    """

    column: str
    names: list[str]
    member: NDArray[np.bool_]

    @classmethod
    def of(cls, items: pl.DataFrame, column: str, catalogue: Vocabulary) -> Groups:
        """The groups of a column of lists, text or anything else that can be told apart.

        Text in ``genres`` is a list, separated by ``|``, ``,`` or ``;``.
        """
        cells = values(items[column])
        pairs = (
            pl.DataFrame({"code": catalogue.codes(items[ITEM]), "value": cells})
            .explode("value")
            .drop_nulls()
            .filter((pl.col("value") != "") & (pl.col("code") >= 0))
        )
        names = pairs["value"].unique().sort()
        member = np.zeros((len(catalogue), len(names)), dtype=bool)
        place = np.searchsorted(names.to_numpy(), pairs["value"].to_numpy())
        member[pairs["code"].to_numpy(), place] = True
        return cls(column, names.to_list(), member)


def values(column: pl.Series) -> pl.Series:
    """Each cell as a list of text without blanks around it."""
    if isinstance(column.dtype, pl.List | pl.Array):
        cells = column.cast(pl.List(pl.String))
    elif column.name == GENRES and column.dtype == pl.String:
        cells = column.str.replace_all(SEPARATORS, "|").str.split("|")
    else:
        cells = column.cast(pl.String).reshape((-1, 1)).arr.to_list()
    return cells.list.eval(pl.element().str.strip_chars())


def several(column: pl.Series) -> bool:
    """Whether an item can have several values."""
    return isinstance(column.dtype, pl.List | pl.Array) or column.name == GENRES


def text(value: Any) -> str:
    """A value as ``values`` spells it."""
    return str(value).lower() if isinstance(value, bool) else str(value).strip()


def counts(items: pl.DataFrame, catalogue: Vocabulary) -> NDArray[np.float64]:
    """Number of people who met each item, by code; 0 where nothing is said."""
    code = catalogue.codes(items[ITEM])
    number = items[PEOPLE].cast(pl.Float64).fill_null(0.0).to_numpy()
    out = np.zeros(len(catalogue))
    out[code[code >= 0]] = number[code >= 0]
    return out


def new_items(items: pl.DataFrame, catalogue: Vocabulary) -> NDArray[np.bool_]:
    """Which items count as new, by code."""
    code = catalogue.codes(items[ITEM])
    out = np.zeros(len(catalogue), dtype=bool)
    out[code[items[NEW].fill_null(False).to_numpy() & (code >= 0)]] = True
    return out


def item_traits(train: Dataset, few: int) -> pl.DataFrame:
    """The items of a log and what the log says of them; see ``Policy.for_dataset``.

    A column that the items have already is left as it is.
    """
    people = train.profiles()
    met = np.bincount(people.item[people.latest], minlength=train.n_items)
    found = {
        PEOPLE: pl.Series(met, dtype=pl.Int64),
        POPULARITY: pl.Series(popularity_bands(train), dtype=pl.String),
        NEW: pl.Series(met < few),
    }
    if YEAR in train.items.columns and train.items[YEAR].dtype.is_numeric():
        found[DECADE] = pl.Series(decades(train.items[YEAR]), dtype=pl.String)
    return train.items.with_columns(
        column.alias(name) for name, column in found.items() if name not in train.items.columns
    )
