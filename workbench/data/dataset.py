"""Dataset: one log with its items and people, in one order, with its provenance."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from workbench.columns import GENRES, ITEM, KIND, TIME, TITLE, USER, VALUE, YEAR
from workbench.data.fingerprint import content_hash
from workbench.data.order import ordered
from workbench.display import Sheet, Shown, cell, moment
from workbench.errors import DataError
from workbench.profiles import Profiles
from workbench.vocabulary import Id, IntArray, Vocabulary

if TYPE_CHECKING:
    from workbench.data.exchange import Matrix
    from workbench.data.synthetic import Truth

EVENT_COLUMNS = (USER, ITEM, TIME, VALUE, KIND)
NO_REFUSALS = pl.DataFrame(
    schema={"table": pl.String, "line": pl.Int64, "rule": pl.String, "row": pl.String}
)


class Dataset(Shown):
    """A log of interactions with its items and people.

    Made by ``wb.load`` or ``Dataset.from_frames``, which check every row; the constructor trusts
    what it is given. Tables are put into one order whatever the order of the input.

    Parameters
    ----------
    interactions : polars.DataFrame
        ``user_id, item_id`` and, where the log has them, ``timestamp`` (seconds, Float64),
        ``value`` (Float64), ``event`` (String) and columns of context.
    items, users : polars.DataFrame, optional
        Ids and features, at most one row per id. Ids without a row get nulls.
    relevant_from : float, optional
        An event is relevant where ``value >= relevant_from``; without it every event is.
    name : str
    provenance : mapping
        Where it came from: source, licence, hashes, repairs. Travels with all that is made of it.
    refused : polars.DataFrame
        Rows that broke a rule: ``table``, ``line`` (of the input, from 1), ``rule``, ``row``.
    guest_interactions : polars.DataFrame, optional
        Events of guests: known to ``profiles``, in no fit.
    catalogue, people : Vocabulary, optional
        Wider sets of ids than the log shows, so that the parts of a split share their codes.
    context_columns : sequence of str
        Columns of ``interactions`` that describe the moment, not the event.
    truth : Truth, optional
        What a synthetic world knows of itself.

    Attributes
    ----------
    interactions : polars.DataFrame
        In the one order: user, time, hash of user and item.
    items : polars.DataFrame
        One row per item of the catalogue, in code order.
    users : polars.DataFrame
        One row per person, guests included, in code order.
    """

    def __init__(
        self,
        interactions: pl.DataFrame,
        items: pl.DataFrame | None = None,
        users: pl.DataFrame | None = None,
        *,
        relevant_from: float | None = None,
        name: str = "log",
        provenance: Mapping[str, Any] | None = None,
        refused: pl.DataFrame = NO_REFUSALS,
        guest_interactions: pl.DataFrame | None = None,
        catalogue: Vocabulary | None = None,
        people: Vocabulary | None = None,
        context_columns: Iterable[str] = (),
        truth: Truth | None = None,
        tie_seed: int = 0,
    ) -> None:
        guests = interactions.clear() if guest_interactions is None else guest_interactions
        if catalogue is None:
            catalogue = Vocabulary(_ids(ITEM, interactions, guests, items))
        if people is None:
            people = Vocabulary(_ids(USER, interactions, guests, users))
        self.catalogue, self.people = catalogue, people
        self.tie_seed = tie_seed
        self.interactions = self._in_order(interactions)
        self.guest_interactions = self._in_order(guests)
        self.items = _rows_for(ITEM, self.catalogue, items)
        self.users = _rows_for(USER, self.people, users)
        self.relevant_from = relevant_from
        self.name = name
        self.provenance = {} if provenance is None else dict(provenance)
        self.refused = refused
        self.context_columns = tuple(context_columns)
        self.truth = truth

    @classmethod
    def from_frames(
        cls,
        interactions: Any,
        items: Any = None,
        users: Any = None,
        relevant_from: float | None = None,
        *,
        columns: Mapping[str, str] | None = None,
        name: str = "log",
        allow_negative: bool = False,
    ) -> Dataset:
        """A log of one's own, every row checked.

        Ids are kept as given; those of a CSV file are text. Times are seconds, milliseconds (by
        magnitude), ISO 8601 text or datetimes. Further columns of interactions are context,
        those of items and users are features and attributes.

        Parameters
        ----------
        interactions, items, users : polars or pandas frame, or path of a CSV or Parquet file
        relevant_from : float, optional
            Events of at least this value are relevant; without it every event is.
        columns : mapping, optional
            Our name → the name in the table, e.g. ``{"user_id": "customer"}``.
        name : str
        allow_negative : bool
            Whether the scale of values goes below zero; if not, such rows are refused.

        Raises
        ------
        ArgumentError
            ``columns`` or ``relevant_from`` cannot work with any log.
        DataError
            The log as a whole cannot work (a column is missing, nothing is left, ...).
            Single broken rows are left out and found in ``refused``.
        """
        from workbench.data.intake import take_in

        return take_in(
            interactions,
            items,
            users,
            relevant_from,
            columns=columns,
            name=name,
            allow_negative=allow_negative,
        )

    def _in_order(self, frame: pl.DataFrame) -> pl.DataFrame:
        if frame.height == 0:
            return frame
        user, item = self.people.codes(frame[USER]), self.catalogue.codes(frame[ITEM])
        return frame[ordered(frame, self.people, self.catalogue, user, item, self.tie_seed)]

    def replaced(self, interactions: pl.DataFrame, **changes: Any) -> Dataset:
        """The same items, people and provenance with other interactions (and other changes)."""
        arguments: dict[str, Any] = {
            "items": self.items,
            "users": self.users,
            "relevant_from": self.relevant_from,
            "name": self.name,
            "provenance": self.provenance,
            "refused": self.refused,
            "guest_interactions": self.guest_interactions,
            "catalogue": self.catalogue,
            "people": self.people,
            "context_columns": self.context_columns,
            "truth": self.truth,
            "tie_seed": self.tie_seed,
        }
        return Dataset(interactions, **{**arguments, **changes})

    def __repr__(self) -> str:
        guests = f", {len(self.guest_ids)} guests" if self.guest_ids else ""
        return (
            f"Dataset({self.name!r}, {self.n_users:,} people{guests}, {self.n_items:,} items, "
            f"{self.n_events:,} events)"
        )

    def _sheet(self) -> Sheet:
        facts: list[tuple[str, Any]] = [("people", self.n_users)]
        facts += [("of them guests", len(self.guest_ids))] if self.guest_ids else []
        facts += [("items", self.n_items), ("events", self.n_events)]
        if self.end is not None:
            start = self.interactions[TIME].min()
            facts += [("from", moment(start)), ("to", moment(self.end))]  # type: ignore[arg-type]
        relevant = "any event" if self.relevant_from is None else f"from {cell(self.relevant_from)}"
        facts += [("relevant", relevant), ("rows refused", self.refused.height)]
        tables = [("What is known", _columns(self))]
        if self.refused.height:
            tables.append(("Rows refused, by rule", self.refused_counts))
        return Sheet(self.name, tuple(facts), tuple(tables))

    # --- what there is ----------------------------------------------------------------------

    @property
    def n_users(self) -> int:
        """People of the log, guests included."""
        return len(self.people)

    @property
    def n_items(self) -> int:
        return len(self.catalogue)

    @property
    def n_events(self) -> int:
        """Events that models may fit on (those of guests are not counted)."""
        return self.interactions.height

    @cached_property
    def has(self) -> frozenset[str]:
        """Which of values, timestamps, item_features and user_attributes there are.

        Item features are what an item can be likened by: a genre, a year or a title of at least
        one item. Other columns of the items (a price) are kept, but no model reads them.
        """
        found = set()
        for name, column in (("values", VALUE), ("timestamps", TIME)):
            if column in self.interactions.columns:
                found.add(name)
        if any(_says_something(self.items, column) for column in (GENRES, YEAR, TITLE)):
            found.add("item_features")
        if self.users.width > 1:
            found.add("user_attributes")
        return frozenset(found)

    @cached_property
    def end(self) -> float | None:
        """Moment of the last event that models may fit on, in seconds; None without time."""
        if TIME not in self.interactions.columns or self.n_events == 0:
            return None
        return float(self.interactions[TIME].max())  # type: ignore[arg-type]

    @property
    def refused_counts(self) -> pl.DataFrame:
        """How many rows broke which rule: ``table, rule, n``, the most frequent first."""
        counts = self.refused.group_by("table", "rule").len("n").cast({"n": pl.Int64})
        return counts.sort(-pl.col("n"), "table", "rule")

    @cached_property
    def guest_ids(self) -> list[Id]:
        """People who are held out of every fit, in code order."""
        return self.guest_interactions[USER].unique(maintain_order=True).to_list()

    @cached_property
    def fingerprint(self) -> str:
        """Hash of every cell of the data that a model or a metric may read."""
        return content_hash(
            interactions=self.interactions,
            guests=self.guest_interactions,
            items=self.items,
            users=self.users,
            relevant_from=self.relevant_from,
        )

    def relevant(self, interactions: pl.DataFrame) -> pl.DataFrame:
        """The relevant ones among interactions, by this dataset's own word."""
        if self.relevant_from is None or VALUE not in interactions.columns:
            return interactions
        value = pl.col(VALUE)
        return interactions.filter(value.is_null() | (value >= self.relevant_from))

    # --- to other libraries -------------------------------------------------------------------

    def to_pandas(self, library: str = "pandas") -> Any:
        """The interactions that models may fit on, as a pandas frame.

        Parameters
        ----------
        library : str
            Whose column names: "pandas" (ours); "lenskit" (``rating``), for
            ``lenskit.data.from_interactions_df``; or "rectools" (``weight``, ``datetime``), for
            ``rectools.dataset.Dataset.construct``. RecTools wants both: without values every
            weight is 1, without time the place in the log stands for it.
        """
        from workbench.data.exchange import to_pandas

        return to_pandas(self, library)

    def to_surprise(self) -> Any:
        """The ratings as a ``surprise.Dataset``: the latest of each (person, item), no guests.

        Its scale goes from the lowest to the highest value of the log. Fit with
        ``SVD().fit(ds.to_surprise().build_full_trainset())``.

        Raises
        ------
        CapabilityError
            The log has no values.
        """
        from workbench.data.exchange import to_surprise

        return to_surprise(self)

    def to_implicit(self, cells: str = "relevant") -> Matrix:
        """The people that models may fit on as a sparse matrix, with the ids of both sides.

        Fit with ``AlternatingLeastSquares().fit(ds.to_implicit().matrix)``, or any estimator of
        scikit-learn.

        Parameters
        ----------
        cells : str
            What a cell holds: "relevant" (1 where the event is relevant), "met" (1 for any
            event) or "value".
        """
        from workbench.data.exchange import to_implicit

        return to_implicit(self, cells)

    # --- from ids to profiles ---------------------------------------------------------------

    @cached_property
    def _log(self) -> tuple[Profiles, pl.DataFrame]:
        """Everybody's events, guests included, one row per person in code order."""
        frame = self.interactions
        if self.guest_interactions.height:
            frame = pl.concat([frame, self.guest_interactions], how="vertical_relaxed")
        user = self.people.codes(frame[USER]) if frame.height else np.zeros(0, np.int64)
        if self.guest_interactions.height:
            place = np.argsort(user, kind="stable")
            frame, user = frame[place], user[place]
        indptr = np.concatenate([[0], np.cumsum(np.bincount(user, minlength=self.n_users))])
        return Profiles(
            self.catalogue,
            indptr,
            self.catalogue.codes(frame[ITEM]) if frame.height else np.zeros(0, np.int64),
            _floats(frame, TIME),
            _floats(frame, VALUE),
            None,
            frame[KIND].cast(pl.String) if KIND in frame.columns else None,
            self.users.drop(USER),
        ), frame.select(self.context_columns)

    def profiles(
        self, user_ids: Iterable[Id] | None = None, as_of: float | None = None
    ) -> Profiles:
        """Histories, attributes and context of people: the one door from ids to Profiles.

        Parameters
        ----------
        user_ids : iterable of ids, optional
            Row ``i`` is the i-th of them. By default everybody but the guests, in code order.
        as_of : float, optional
            Only events up to this moment (seconds). By default all of the log, and each
            person's moment is that of their last event.

        Raises
        ------
        DataError
            An id is not in this dataset.
        """
        from workbench.data.lookup import lookup

        return lookup(self, user_ids, as_of)

    @cached_property
    def fit_rows(self) -> IntArray:
        """Codes of the people that models may fit on: all but the guests."""
        mask = np.ones(self.n_users, dtype=bool)
        mask[self.people.codes(self.guest_ids)] = False
        return np.flatnonzero(mask)


def _ids(column: str, *frames: pl.DataFrame | None) -> pl.Series:
    present = [f[column] for f in frames if f is not None and f.height and column in f.columns]
    if not present:
        return pl.Series(column, [], dtype=pl.String)
    if len({series.dtype.is_integer() for series in present}) > 1:
        raise DataError(
            f"{column} is text in one table and integer in another; spell it one way in all"
        )
    return pl.concat([series.unique() for series in present])


def _rows_for(column: str, ids: Vocabulary, frame: pl.DataFrame | None) -> pl.DataFrame:
    base = pl.DataFrame({column: ids.ids})
    if frame is None or frame.width < 2:
        return base
    others = [name for name in frame.columns if name != column]
    return base.join(frame.select(column, *others), on=column, how="left", maintain_order="left")


def _columns(dataset: Dataset) -> pl.DataFrame:
    """``table, column, known`` (rows that have it), ``from`` and ``to``, as text."""
    rows = []
    tables = {"events": dataset.interactions, "items": dataset.items, "people": dataset.users}
    for table, frame in tables.items():
        for series in frame.get_columns():
            known, ends = series.drop_nulls(), ("", "")
            if series.dtype.is_numeric() and series.name not in (USER, ITEM) and len(known):
                said = {TIME: moment, YEAR: str}.get(series.name, cell)
                ends = said(known.min()), said(known.max())  # type: ignore[arg-type]
            rows.append((table, series.name, len(known), *ends))
    schema = ["table", "column", "known", "from", "to"]
    return pl.DataFrame(rows, schema=schema, orient="row")


def _says_something(frame: pl.DataFrame, column: str) -> bool:
    if column not in frame.columns:
        return False
    cells = frame[column].drop_nulls()
    if isinstance(cells.dtype, pl.List):
        return bool((cells.list.len() > 0).any())
    return cells.len() > 0


def _floats(frame: pl.DataFrame, column: str) -> NDArray[np.float64]:
    if column not in frame.columns:
        return np.full(frame.height, np.nan)
    return frame[column].cast(pl.Float64).fill_null(np.nan).to_numpy()
