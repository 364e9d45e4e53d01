"""The widgets of the what-if panel. They show the panel and pass clicks on; nothing is computed.

Titles are untrusted: they go into HTML escaped, and elsewhere as text that is no HTML.
"""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING, Any

import ipywidgets as w

from workbench.display import cell, show
from workbench.errors import WorkbenchError

if TYPE_CHECKING:
    from workbench.explain.panel import Panel
    from workbench.profile import Event
    from workbench.vocabulary import Id

PAGE = 8
"""Events of the history that are shown at once."""
UNRATED = "–"


class PanelView:
    """The view of one panel: ``box`` is what a notebook shows.

    Widgets are made once and filled again after a change, so that the keyboard stays where it was.
    """

    def __init__(self, panel: Panel) -> None:
        self.panel = panel
        self.page = 0
        self._filling = False
        self.status = w.HTML()
        self.undo = self._button("Undo", panel.undo, icon="undo")
        self.redo = self._button("Redo", panel.redo, icon="repeat")
        self.reset = self._button("Start again", panel.reset)
        self.history = w.HTML()
        self.rows = [_Row(self) for _ in range(PAGE)]
        self.later = self._button("Later", lambda: self._turn(-1))
        self.earlier = self._button("Earlier", lambda: self._turn(1))
        self.query = w.Text(placeholder="Type a title", description="Add")
        self.found = w.Select(description="Found", rows=4)
        self.value = w.Dropdown(description="Rated", options=_options(panel.values))
        self.value.value = _nearest(panel.values, panel.liked)
        self.add = self._button("Add", self._add)
        self.before, self.after = w.HTML(), w.HTML()
        self.item = w.Dropdown(description="Why")
        self.why = self._button("Give the reason", self._why)
        self.reason = w.HTML()
        self.query.observe(lambda _: self._find(), "value")
        panel.on_change(lambda _: self.fill())
        self.box = self._laid_out()
        self.fill()

    def _laid_out(self) -> w.Widget:
        narrow, wide = (w.Layout(flex=f"{n} 1 20em", min_width="18em") for n in (2, 3))
        adding = w.VBox([self.query, self.found, self.value, self.add])
        person = w.VBox(
            [
                self.history,
                *(row.box for row in self.rows),
                w.HBox([self.later, self.earlier]),
                adding,
            ],
            layout=narrow,
        )
        wrapped = w.Layout(flex_flow="row wrap", grid_gap="0 1em")
        lists = w.Box([self.after, self.before], layout=wrapped)
        asked = w.Box([self.item, self.why], layout=wrapped)
        right = w.VBox([lists, asked, self.reason], layout=wide)
        tools = w.Box([self.undo, self.redo, self.reset, self.status], layout=wrapped)
        return w.VBox([tools, w.Box([person, right], layout=wrapped)])

    def _button(self, words: str, act: Callable[[], None], icon: str = "") -> w.Button:
        button = w.Button(description=words, icon=icon, layout=w.Layout(width="auto"))
        button.on_click(lambda _: self.do(act))
        return button

    def do(self, act: Callable[[], None]) -> None:
        """Pass a click on; what cannot be done is said in words."""
        try:
            act()
        except WorkbenchError as error:
            self._say(str(error))

    def _say(self, words: str) -> None:
        self.status.value = f'<p role="status" aria-live="polite">{escape(words)}</p>'

    def fill(self) -> None:
        """Show the panel as it is now."""
        panel = self.panel
        self._filling = True
        try:
            history = panel.profile.history[::-1]
            pages = max(1, -(-len(history) // PAGE))
            self.page = min(self.page, pages - 1)
            self.history.value = f"<b>History</b>: {len(history)} events, the latest first" + (
                f", page {self.page + 1} of {pages}" if pages > 1 else ""
            )
            shown = history[self.page * PAGE : (self.page + 1) * PAGE]
            for place, row in enumerate(self.rows):
                row.fill(shown[place] if place < len(shown) else None)
            _shown(self.later, pages > 1)
            _shown(self.earlier, pages > 1)
            self.later.disabled, self.earlier.disabled = self.page == 0, self.page == pages - 1
            self.undo.disabled, self.redo.disabled = not panel.can_undo, not panel.can_redo
            self.reset.disabled = panel.profile == panel.start
            _shown(self.value, bool(panel.values))
            before, after = panel.lists()
            self.before.value, self.after.value = before._repr_html_(), after._repr_html_()
            items = [*panel.after.items, *panel.diff.left]
            self.item.options = [(cell(panel.name(item)), item) for item in items]
            self.item.value = items[0] if items else None
            self.why.disabled = not items
            self.reason.value = ""
            self._find()
            change = panel.diff
            self._say(
                f"{len(change.entered)} new, {len(change.left)} gone, {len(change.moved)} moved."
                if change
                else "The list is as it was."
            )
        finally:
            self._filling = False

    def _turn(self, pages: int) -> None:
        self.page += pages
        self.fill()

    def _find(self) -> None:
        found = self.panel.search(self.query.value)
        self.found.options = [(cell(self.panel.name(item)), item) for item in found]
        self.found.value = found[0] if found else None
        self.add.disabled = not found
        _shown(self.found, bool(found))

    def _add(self) -> None:
        if self.found.value is not None:
            self.panel.add(self.found.value, self.value.value)
            self.query.value = ""

    def _why(self) -> None:
        if self.item.value is not None:
            self.reason.value = show(self.panel.why(self.item.value))._repr_html_()

    def rated(self, item_id: Id, value: float | None) -> None:
        """A row's choice; that the view itself fills a row is none."""
        if not self._filling:
            self.do(lambda: self.panel.rate(item_id, value))


class _Row:
    """One event of the history: its item, its value, and a button to remove it."""

    def __init__(self, view: PanelView) -> None:
        self.view = view
        self.event: Event | None = None
        self.name = w.HTML(layout=w.Layout(flex="1 1 10em"))
        self.value = w.Dropdown(layout=w.Layout(width="5em"))
        self.remove = view._button("Remove", self._remove)
        self.value.observe(self._rated, "value")
        self.box = w.HBox([self.name, self.value, self.remove])

    def fill(self, event: Event | None) -> None:
        self.event = event
        _shown(self.box, event is not None)
        if event is None:
            return
        panel = self.view.panel
        name = cell(panel.name(event.item_id))
        self.name.value = escape(name)
        self.value.options = _options({*panel.values, event.value})
        self.value.value = event.value
        self.value.tooltip = f"Rating of {name}"
        self.remove.tooltip = f"Remove {name}"
        _shown(self.value, bool(panel.values))

    def _remove(self) -> None:
        if self.event is not None:
            self.view.panel.remove(self.event.item_id)

    def _rated(self, change: Any) -> None:
        if self.event is not None:
            self.view.rated(self.event.item_id, change["new"])


def _options(values: Any) -> list[tuple[str, float | None]]:
    rising = sorted(value for value in values if value is not None)
    return [(UNRATED, None), *((cell(value), value) for value in rising)]


def _nearest(values: tuple[float, ...], wanted: float | None) -> float | None:
    """The value that something liked is given: the one wanted, else the highest."""
    return wanted if wanted in values else (values[-1] if values else None)


def _shown(widget: w.DOMWidget, there: bool) -> None:
    widget.layout.display = None if there else "none"
