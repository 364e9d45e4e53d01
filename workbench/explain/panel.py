"""The what-if panel: one person who can be changed by clicks, and their list before and after."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import polars as pl

from workbench.columns import ITEM, RANK, TITLE, VALUE
from workbench.data.title_search import TitleSearch
from workbench.display import Sheet, Shown, titles_from
from workbench.errors import ArgumentError, WorkbenchError
from workbench.explain.explain import Explanation, explain
from workbench.explain.naming import titles_of
from workbench.explain.pool import check_values, liked_value
from workbench.models.base import Recommender
from workbench.profile import Profile
from workbench.profiles import Profiles
from workbench.ranking.policy import Policy
from workbench.ranking.recommend import check_k, slate
from workbench.slate import Slate, SlateDiff
from workbench.vocabulary import Id

FEW_VALUES = 12
"""A log with more different values is rated by so many of them, evenly spread."""


def whatif(
    model: Recommender,
    profile: Profile | None = None,
    k: int = 10,
    policy: Policy | None = None,
    *,
    titles: Any = None,
    values: Iterable[float] | None = None,
) -> Panel:
    """The what-if panel: change what a person did, and watch what they would be shown.

    It is a view of the package in JupyterLab and VS Code: the lists are those of ``wb.slate``, the
    marks those of their ``diff``, the reasons those of ``wb.explain``. What was clicked goes on in
    code: the panel's ``profile``, ``before``, ``after`` and ``diff`` are those on the screen, and
    what is done to the panel by code (``panel.remove(item)``) shows there.

    Parameters
    ----------
    model : Recommender
        Fitted.
    profile : Profile, optional
        By default somebody with no history.
    k : int
        Places of a list.
    policy : Policy, optional
        What lists go through after ranking.
    titles : Dataset, frame with ``item_id`` and ``title``, or mapping of id to title, optional
        What items are called and found by; an engine knows its own.
    values : iterable of float, optional
        What an event may be rated. By default the values of the Dataset that ``titles`` is; else
        those of the person's own history, and what the model takes for liked.

    Raises
    ------
    ArgumentError
        An argument cannot work.
    WorkbenchError
        ipywidgets is not installed.
    """
    try:
        import ipywidgets  # noqa: F401
    except ImportError as error:
        raise WorkbenchError(
            "the what-if panel needs ipywidgets, which is not installed; use `make lab`, or "
            "install personalization-workbench[lab]"
        ) from error
    return Panel(model, profile or Profile.of(), k, policy, titles=titles, values=values)


class Panel(Shown):
    """A person, what was done to them, and their lists. Made by ``wb.whatif``.

    Attributes
    ----------
    start, profile : Profile
        Before any edit, and now.
    before, after : Slate
        What either is shown.
    diff : SlateDiff
        From ``before`` to ``after``.
    values : tuple of float
        What an event may be rated; empty where nothing is.
    """

    def __init__(
        self,
        model: Recommender,
        profile: Profile,
        k: int = 10,
        policy: Policy | None = None,
        *,
        titles: Any = None,
        values: Iterable[float] | None = None,
    ) -> None:
        if not isinstance(model, Recommender):
            raise ArgumentError(f"model must be a fitted model, not {type(model).__name__}")
        model._require_fitted()
        if not isinstance(profile, Profile):
            raise ArgumentError(
                f"profile must be a Profile, not {type(profile).__name__}; take people[i]"
            )
        check_k(k)
        if policy is not None:
            policy.check(model.catalogue, k)
        self.model, self.k, self.policy = model, k, policy
        self.titles = titles_of(model) if titles is None else titles_from(titles)
        self.liked = liked_value(model, Profiles.of(profile, model.catalogue))
        self.values = _values(profile, self.liked, titles, values)
        self.start = profile
        self._people, self._at = [profile], 0
        self._listeners: list[Callable[[Panel], Any]] = []
        self._search: TitleSearch | None = None
        self._view: Any = None
        self.before = self.after = self._slate()

    def _slate(self) -> Slate:
        return slate(self.model, self.profile, self.k, self.policy)

    @property
    def profile(self) -> Profile:
        return self._people[self._at]

    @property
    def diff(self) -> SlateDiff:
        return self.before.diff(self.after)

    # --- what can be done -------------------------------------------------------------------

    def add(self, item_id: Id, value: float | None = None) -> None:
        """The person, had they also met this item now."""
        if self.model.catalogue.code(item_id) < 0:
            raise ArgumentError(f"item_id: {item_id!r} is not in the catalogue of the model")
        self._edited(self.profile.with_event(item_id, value))

    def remove(self, item_id: Id) -> None:
        """The person, had they never met this item."""
        self._edited(self.profile.without(item_id))

    def rate(self, item_id: Id, value: float | None) -> None:
        """The person, had they given this item another value."""
        self._edited(self.profile.revalued(item_id, value))

    @property
    def can_undo(self) -> bool:
        return self._at > 0

    @property
    def can_redo(self) -> bool:
        return self._at < len(self._people) - 1

    def undo(self) -> None:
        """Back to before the last edit; nothing where there is none."""
        self._moved(self._at - self.can_undo)

    def redo(self) -> None:
        """The edit that was undone, again; nothing where there is none."""
        self._moved(self._at + self.can_redo)

    def reset(self) -> None:
        """The person as they were; this can be undone too."""
        if self.profile != self.start:
            self._edited(self.start)

    def why(self, item_id: Id) -> Explanation:
        """Why the person, as they are now, is given this item's score."""
        return explain(
            self.model,
            self.profile,
            item_id,
            k=self.k,
            policy=self.policy,
            titles=self.titles,
        )

    def search(self, text: str, most: int = 8) -> list[Id]:
        """Items that are not in the history, found by their title (or id), best first."""
        if self._search is None:
            names = ((i, self.name(i), "") for i in self.model.catalogue.ids.to_list())
            self._search = TitleSearch(names)
        return self._search.search(text, self.profile.items, most)

    def name(self, item_id: Id) -> str:
        """What an item is called: its title, or "item 7" where that is not known."""
        return self.titles.get(item_id) or f"item {item_id}"

    def on_change(self, listener: Callable[[Panel], Any]) -> None:
        """Call this with the panel after every change, clicked or made by code."""
        self._listeners.append(listener)

    def _edited(self, profile: Profile) -> None:
        people = [*self._people[: self._at + 1], profile]
        self._moved(len(people) - 1, people)

    def _moved(self, at: int, people: list[Profile] | None = None) -> None:
        """Go to another state as a whole, or not at all."""
        kept = self._people, self._at
        self._people, self._at = people or self._people, at
        try:
            self.after = self._slate()
        except BaseException:
            self._people, self._at = kept
            raise
        for listener in self._listeners:
            listener(self)

    # --- how it shows itself ----------------------------------------------------------------

    def lists(self) -> tuple[Sheet, Sheet]:
        """The list before, and the list after with its marks."""
        old = self.before.frame.select(RANK, self._named(self.before.frame))
        marked = self.diff.marked
        new = marked.select(RANK, self._named(marked), pl.col("change"))
        return Sheet("", tables=(("Before", old),)), Sheet("", tables=(("After", new),))

    def _named(self, frame: pl.DataFrame) -> pl.Series:
        return pl.Series(TITLE, [self.name(i) for i in frame[ITEM]], dtype=pl.String)

    def _sheet(self) -> Sheet:
        before, after = self.lists()
        facts = (("events", len(self.profile)), ("edits", self._at), ("overlap", self.diff.overlap))
        return Sheet("What if", facts, (*after.tables, *before.tables))

    @property
    def widget(self) -> Any:
        """The view as an ipywidgets box, to be put beside others."""
        if self._view is None:
            from workbench.explain.panel_view import PanelView

            self._view = PanelView(self)
        return self._view.box

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        """The widget, and what it shows where there is no kernel to answer clicks."""
        shown = {"text/html": self._repr_html_(), "text/plain": repr(self)}
        return {**self.widget._repr_mimebundle_(**options), **shown}


def _values(
    profile: Profile, liked: float | None, titles: Any, values: Iterable[float] | None
) -> tuple[float, ...]:
    """What an event may be rated, rising."""
    if values is not None:
        return tuple(sorted(set(check_values(values))))
    log = getattr(titles, "interactions", None)
    if log is not None:
        known = log[VALUE].drop_nulls().drop_nans().to_list() if VALUE in log.columns else []
    else:
        known = [event.value for event in profile.history if event.value is not None]
        known += [] if liked is None else [liked]
    found = pl.Series(known, dtype=pl.Float64).unique().sort()
    if len(found) > FEW_VALUES:
        places = [round(i * (len(found) - 1) / (FEW_VALUES - 1)) for i in range(FEW_VALUES)]
        found = found.gather(places)
    return tuple(found.to_list())
