"""Rule: one reason, "who liked these also liked that", with all that is known of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from workbench.vocabulary import Id


@dataclass(frozen=True)
class Rule:
    """Who liked ``because`` also liked ``item_id``.

    Attributes
    ----------
    because : tuple
        Item ids; or, where ``of_taste``, genres and decades.
    item_id : item id
    of_taste : bool
        Whether the rule starts from a taste and not from items.
    people : int
        Training people of whom all of it holds.
    support : float
        Their share of all people (with a relevant event).
    confidence : float
        Share of those with ``because`` who also liked ``item_id``, 0 to 1.
    lift : float
        How many times that is the share of all people.
    leverage : float
        ``support`` less what chance alone would give.
    conviction : float
        How many times as often the rule would be wrong by chance; ``inf`` where it never is.
    weight : float
        Smallest weight of the person's events that the rule starts from; 1 for a taste.
    """

    because: tuple[Id, ...]
    item_id: Id
    of_taste: bool
    people: int
    support: float
    confidence: float
    lift: float
    leverage: float
    conviction: float
    weight: float

    def sentence(self, titles: Mapping[Id, str] | None = None) -> str:
        """The rule in words, with titles where they are given (not None and not empty)."""
        named = titles or {}
        item = named.get(self.item_id) or self.item_id
        because = " and ".join(str(b if self.of_taste else named.get(b) or b) for b in self.because)
        who = f"with a taste for {because}" if self.of_taste else f"who liked {because}"
        also = "liked" if self.of_taste else "also liked"
        return (
            f"{self.confidence:.0%} of those {who} {also} {item} ({self.people:,} people, "
            f"{self.lift:.1f} times as many as usual)"
        )
