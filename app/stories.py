"""Three guided stories for the first visit, made from the data of the run that is shown."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from app import cache
from app.cache import World
from app.state import ADD, GUEST, Case, Edit
from workbench.vocabulary import Id

DECADE = tuple(str(year) for year in range(1980, 1990))
LIKED = 6
"""Items that the fan of the second story has met."""
LONG_ENOUGH = 25
"""Events of the guest of the third story: enough for reasons, few enough to look at."""


@dataclass(frozen=True)
class Story:
    """A case to open, and what to look at there."""

    title: str
    words: str
    case: Case
    why: Id | None = None


def stories(world: World) -> list[Story]:
    """The stories that this log can tell, three of them wherever it has a guest."""
    title, words, liked = _fan(world)
    value = None if world.value_range is None else world.value_range[1]
    found = [
        Story(
            "A new visitor",
            "Nobody knows them yet. What are they shown? Add one thing that they like and watch "
            "the list follow.",
            Case(),
        ),
        Story(title, words, Case(edits=tuple(Edit(ADD, item, value) for item in liked))),
    ]
    return [*found, *_why(world)]


def _fan(world: World) -> tuple[str, str, list[Id]]:
    """Somebody with one clear taste: a decade, else a genre, else what most people know."""
    catalogue, met = world.catalogue, world.catalogue.most_met()
    decade = [item for item in met if catalogue[item].year in DECADE]
    if len(decade) >= LIKED:
        return (
            "A fan of the 80s",
            f"Somebody who liked {LIKED} well-known titles of 1980 to 1989. Does the engine "
            "notice? Remove one after the other.",
            decade[:LIKED],
        )
    first = Counter(genre for item in met for genre in catalogue[item].genres[:1])
    for genre, n in first.most_common(1):
        if n >= LIKED:
            return (
                "A fan of one genre",
                f"Somebody who liked {LIKED} well-known items of the most common genre. Does "
                "the engine notice? Remove one after the other.",
                [item for item in met if genre in catalogue[item].genres[:1]][:LIKED],
            )
    few = met[: max(min(LIKED, len(met) // 4), 1)]
    return (
        "A fan of what everybody knows",
        f"Somebody who met the {len(few)} best-known items: this log has too few years and genres "
        "to choose by. Remove one after the other.",
        few,
    )


def _why(world: World) -> list[Story]:
    """A guest with a middling history, and the first item of their list with its reason open."""
    told = sorted(world.guests, key=lambda id_: (abs(world.guests[id_] - LONG_ENOUGH), str(id_)))
    for user_id in told[:1]:
        case = Case(GUEST, user_id)
        slate = cache.slate(world, case, world.start(case))
        if len(slate):
            words = (
                "A real person whom the engine never learnt from, and the first thing it would "
                "show them, with the reason open."
            )
            return [Story("Why did this appear?", words, case, slate.items[0])]
    return []
