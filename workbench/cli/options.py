"""Options that several commands share, and how their text becomes values."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workbench.errors import ArgumentError, WorkbenchError

if TYPE_CHECKING:
    from workbench.pipeline import Run
    from workbench.profile import Profile
    from workbench.vocabulary import Id, Vocabulary


NO_RUN = "there is no run yet; make one with `workbench run`"


def _keep(home: Path | None) -> Path | None:
    """State of all kinds goes to one place, the cache of data sets too."""
    if home is not None:
        home = home.expanduser().absolute()
        os.environ["WORKBENCH_HOME"] = str(home)
    return home


Home = Annotated[
    Path | None,
    typer.Option(
        callback=_keep,
        help="Where runs and the cache are kept. By default WORKBENCH_HOME, else data/ of the "
        "checkout.",
        file_okay=False,
        show_default=False,
    ),
]
Seed = Annotated[int, typer.Option(min=0, help="Of all that is random.")]
Places = Annotated[int, typer.Option("-k", "--k", min=1, help="Places of a slate.")]
Plugins = Annotated[
    list[str] | None,
    typer.Option(
        "--plugin",
        metavar="PATH",
        help="A Python file with models of your own, or the name by which an installed package "
        "offers them. Its code is run: give only what you trust.",
        show_default=False,
    ),
]
Person = Annotated[
    str | None, typer.Option("--user", help="Id of a person of the run.", show_default=False)
]
History = Annotated[
    str | None,
    typer.Option(
        "--items",
        help="A person from scratch instead: item ids, comma-separated, oldest first.",
        show_default=False,
    ),
]


def mapping(text: str | None) -> dict[str, str]:
    """``user_id=customer,item_id=sku`` as a dict, our name → theirs."""
    pairs: dict[str, str] = {}
    for part in (text or "").split(","):
        ours, equals, theirs = (piece.strip() for piece in part.partition("="))
        if not part.strip():
            continue
        if not (ours and equals and theirs):
            raise ArgumentError(
                f"--map: {part.strip()!r} is not ours=theirs; write e.g. "
                "--map user_id=customer,item_id=sku"
            )
        if ours in pairs:
            raise ArgumentError(f"--map names {ours!r} twice; name each of our columns once")
        pairs[ours] = theirs
    return pairs


WORDS = (
    (r"\bcolumns=\{'(\w+)': '([^']*)'\}", r"--map \1=\2"),
    (r"\(our name comes first: \{'(\w+)': '([^']*)'\}\)", r"(our name comes first: \1=\2)"),
    (r"^columns: ", "--map: "),
    (r"^models: ", "--models: "),
    (r"\bmethod=[\"']([\w-]+)[\"']", r"--split \1"),
    (r"\brelevant_from=([\d.e+-]+\d|\d)", r"--relevant-from \1"),
    (r"\b(no|lower|leave) relevant_from\b", r"\1 --relevant-from"),
    (r"^relevant_from\b", "--relevant-from"),
    (r"(^|smaller |larger )test_fraction\b", r"\1--test-fraction"),
    (r"^guests must", "--guests must"),
)
"""Arguments of the library, as its messages name them, and the options that set them."""


def in_options(message: str) -> str:
    """A message of the library in the words of the command line."""
    for pattern, option in WORDS:
        message = re.sub(pattern, option, message)
    return message


def latest(home: Path | None) -> Run:
    """The run that the looking commands look at."""
    from workbench.pipeline import Run

    found = Run.latest(home)
    if found is None:
        raise WorkbenchError(NO_RUN)
    return found


def as_id(text: str, ids: Vocabulary, option: str) -> Id:
    """An id as the run spells it."""
    id_: Id = text
    if ids.is_integer:
        try:
            id_ = int(text)
        except ValueError as error:
            raise ArgumentError(
                f"{option}: {text!r} is no id of this run; its ids are whole numbers"
            ) from error
    if id_ not in ids:
        raise ArgumentError(f"{option}: {text!r} is no id of this run; one is {str(ids.id(0))!r}")
    return id_


def one_person(user: str | None, items: str | None) -> None:
    """Refuse options that describe no person or two, before a run is opened."""
    if (user is None) == (items is None):
        raise ArgumentError("give either --user ID or --items ID,ID,...")


def profile(run: Run, user: str | None, items: str | None) -> Profile:
    """The person that ``--user`` or ``--items`` describes."""
    from workbench.profile import Profile

    one_person(user, items)
    train = run.split.train
    if user is not None:
        return train.profiles([as_id(user, train.people, "--user")])[0]
    names = [name.strip() for name in (items or "").split(",") if name.strip()]
    return Profile.of(
        items=[as_id(name, train.catalogue, "--items") for name in names], as_of=train.end
    )
