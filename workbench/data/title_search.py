"""Finding items by typing: accents, capitals, punctuation and articles do not matter."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping

from workbench.vocabulary import Id

ARTICLES = frozenset(
    [
        *("the", "a", "an", "le", "la", "les", "l", "un", "une", "el", "los", "las", "lo", "il"),
        *("gli", "der", "die", "das", "ein", "eine", "de", "het", "een", "o", "os", "as", "den"),
        *("det", "en", "ett"),
    ]
)
"""Words that people leave out or misplace: "Usual Suspects, The" is found by "the usual"."""
LONGEST_TITLE = 200
_LIGATURES = str.maketrans({"ø": "o", "ł": "l", "æ": "ae", "œ": "oe", "đ": "d", "ð": "d", "ı": "i"})


class TitleSearch:
    """Titles that can be searched.

    Parameters
    ----------
    titles : iterable of (item id, title, year)
        Year as text, "" where it is not known.
    often : mapping of item id to int
        How often each was met; breaks ties, which the order of the titles does otherwise.
    """

    def __init__(
        self, titles: Iterable[tuple[Id, str, str]], often: Mapping[Id, int] | None = None
    ) -> None:
        self._folded = {
            item_id: (f" {folded(title)} {year} ", f" {_bare(title)} ")
            for item_id, title, year in titles
        }
        self._often = often or {}

    def search(self, text: str, without: Collection[Id] = (), most: int = 6) -> list[Id]:
        """Items whose words begin with the words typed, best first.

        A title that begins with what was typed comes first, then one that has it in a row; then
        the more often met.
        """
        words = folded(text).split()
        articles_only = bool(words) and set(words) <= ARTICLES
        phrase = " " + " ".join(words)
        needles = [f" {word}" for word in words]
        found = []
        for place, (item_id, spellings) in enumerate(self._folded.items()):
            there = spellings[articles_only]
            if item_id not in without and all(needle in there for needle in needles):
                starts, holds = there.startswith(phrase), phrase in there
                found.append((not starts, not holds, -self._often.get(item_id, 0), place))
        ids = list(self._folded)
        return [ids[place] for *_, place in sorted(found)[:most]] if words else []


def folded(text: str) -> str:
    """Text as it is compared: no accents, capitals, punctuation or articles.

    Articles stay where there is nothing else ("The The").
    """
    words = _bare(text).split()
    return " ".join([w for w in words if w not in ARTICLES] or words)


def _bare(text: str) -> str:
    """Text without accents, capitals and punctuation."""
    plain = unicodedata.normalize("NFKD", text[:LONGEST_TITLE].casefold().translate(_LIGATURES))
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    return " ".join(re.findall(r"[^\W_]+", plain))
