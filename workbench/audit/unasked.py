"""What an audit of lists made elsewhere could not ask, and why, in plain words."""

from __future__ import annotations

import numpy as np
import polars as pl

from workbench.audit.exposure import DECADE, POPULARITY, item_kinds
from workbench.audit.groups import groupings
from workbench.columns import GENRES, ITEM, RANK, ROW, SCORE, USER
from workbench.data.split import Split
from workbench.errors import ArgumentError
from workbench.slate import Slates

UNASKED = {"question": pl.String, "why_not": pl.String, "what_would_answer_it": pl.String}
ASKED_IN_PART = {"question": pl.String, "n": pl.Int64, "of": pl.Int64, "what_it_means": pl.String}

NEEDS_A_MODEL = (
    (
        "Is the decision fair: selection, error rates and calibration by group?",
        "a list says what came first, not how likely the engine thought each item to be relevant, "
        "and nothing of the items that it did not show",
        "a probability for every candidate that people reacted to",
    ),
    (
        "Would the list change if only the attribute changed (flip test)?",
        "the lists cannot be made again for somebody who is the same but for the attribute",
        "the engine, or its lists for pairs of people that differ in the attribute alone",
    ),
    (
        "Can an attribute be guessed from the features that the engine reads?",
        "lists come without features; what is asked instead is guessing from slates and histories",
        "the table of features",
    ),
    (
        "Why was this shown, and what would change it (explanations, counterfactuals, what if)?",
        "every answer needs the score of an edited history",
        "the engine as a function: wb.FromFunction",
    ),
    (
        "Can it be made better, and what does it cost (mitigation, policy settings)?",
        "lists end at their last place; what stood below cannot be brought up",
        "the engine, or much longer lists with scores",
    ),
    (
        "Where does it lead (feedback simulation), and how does it treat newcomers?",
        "there are lists for one moment only",
        "the engine as a function: wb.FromFunction",
    ),
    (
        "Did the engine already know the events that it is tested on?",
        "nothing in a list says when it was made, nor from what; one that was made later looks "
        "better than it is",
        "the moment at which each list was made",
    ),
)


def unasked(slates: Slates, split: Split, k: int | None = None) -> pl.DataFrame:
    """What cannot be asked of these lists.

    Parameters
    ----------
    slates : Slates
        Made elsewhere.
    split : Split
        What they are audited on.
    k : int, optional
        Places that are audited; by default all.

    Returns
    -------
    polars.DataFrame
        ``question``, ``why_not``, ``what_would_answer_it``: what needs a model, then what this
        log or these lists lack.

    Raises
    ------
    ArgumentError
        ``slates`` are not Slates, or ``k`` is more than they have.
    """
    _check(slates, k)
    found = list(NEEDS_A_MODEL)
    if slates.frame[SCORE].null_count() == slates.frame.height:
        found.append(
            (
                "How sure was it of each place?",
                "the lists have no scores",
                "a column score",
            )
        )
    users = split.train.users.drop(USER)
    made, refused = groupings(users) if users.width else ([], {})
    if not made:
        reasons = "; ".join(f"{name}: {why}" for name, why in refused.items())
        found.append(
            (
                "For whom does it work, by group?",
                reasons or "the log knows no attribute of its people",
                "a table of people with attributes such as gender or an age band",
            )
        )
    kinds = item_kinds(split)
    lacking = [name for name in (GENRES, DECADE) if name not in kinds]
    if lacking:
        found.append(
            (
                f"Who gets shown, by {' and by '.join(lacking)}?",
                f"the items have no such column; what is asked is by {POPULARITY}",
                "a table of items with genres and year",
            )
        )
    return pl.DataFrame(found, schema=UNASKED, orient="row")


def asked_in_part(slates: Slates, split: Split, k: int | None = None) -> pl.DataFrame:
    """Of whom, and of what, less is known than a reader would think.

    Parameters are those of ``unasked``.

    Returns
    -------
    polars.DataFrame
        ``question``, ``n`` ``of`` so many, ``what_it_means``; rows with an ``n`` of 0 are left
        out.
    """
    _check(slates, k)
    k = slates.k if k is None else k
    ids, people = split.people()
    frame = slates.frame.filter(pl.col(RANK) <= k)
    code = split.train.people.codes
    wanted = code(ids)
    if USER in frame.columns:
        lists = frame.group_by(USER, maintain_order=True).len()
        holder = code(lists[USER])
        place = {int(person): row for row, person in enumerate(wanted)}
        row = np.array([place.get(int(person), -1) for person in code(frame[USER])], dtype=np.int64)
    else:
        lists = frame.group_by(ROW, maintain_order=True).len()
        holder, row = wanted[lists[ROW].to_numpy()], frame[ROW].to_numpy()
    here = np.isin(holder, wanted)
    item = split.train.catalogue.codes(frame[ITEM])
    known = (row >= 0) & (item >= 0)
    met = people.seen[row[known], item[known]]
    found = [
        (
            "People with something to find, and no list",
            len(wanted) - int(here.sum()),
            len(wanted),
            "they count as shown nothing: every metric of theirs is 0",
        ),
        (
            "Lists of people with nothing to find",
            int((~here).sum()),
            len(holder),
            "nothing relevant of theirs was kept back, so their lists are in no figure",
        ),
        (
            f"Lists shorter than {k} places",
            int((lists["len"].to_numpy()[here] < k).sum()),
            int(here.sum()),
            "their empty places count as misses",
        ),
        (
            "Places given to what the person had already met",
            int((np.asarray(met) > 0).sum()),
            int(known.sum()),
            "they cannot be hits here: what was met in training is no question",
        ),
    ]
    return pl.DataFrame([row for row in found if row[1]], schema=ASKED_IN_PART, orient="row")


def _check(slates: Slates, k: int | None) -> None:
    if not isinstance(slates, Slates):
        raise ArgumentError(
            f"slates must be Slates, not {type(slates).__name__}; lists made elsewhere come in by "
            "wb.Slates.from_frame"
        )
    if k is not None and k > slates.k:
        raise ArgumentError(f"k={k} and the slates have {slates.k} places; ask for fewer")
