"""What counts as danger to life (生命安全): what is heard in a text, a city's words, categories and urgency.

It only says who goes first when there is no room for all; what the case becomes is the classifier's and the desk's.
"""

from dataclasses import dataclass

from domain.catalogue import URGENCIES, Catalogue, Kind, Urgency
from domain.errors import Invalid


@dataclass(frozen=True, slots=True)
class LifeSafety:
    """``words`` in a text, ``categories`` by catalogue key, and what is at least as grave as ``urgency``.

    That is as the report was sent, as its text sounds, or as its filing condition has it.
    """

    words: tuple[str, ...] = ()
    categories: frozenset[str] = frozenset()
    urgency: Urgency = Urgency.CRITICAL

    def concerns(
        self,
        catalogue: Catalogue,
        *,
        text: str = "",
        category: str | None = None,
        kind: Kind = Kind.EVENT,
        condition: str | None = None,
        urgency: Urgency = Urgency.NORMAL,
    ) -> bool:
        """Whether a report that says this is about danger to life. Codes nobody knows say nothing."""
        if self.grave(urgency) or any(word in text for word in self.words):
            return True
        if not category:
            return False
        try:
            found = catalogue.find(category, kind)
            held = catalogue.condition(found, condition)
        except Invalid:
            return False
        return found.key in self.categories or (held is not None and self.grave(held.urgency))

    def grave(self, urgency: Urgency) -> bool:
        """Whether this urgency is danger enough."""
        return URGENCIES.index(urgency) >= URGENCIES.index(self.urgency)
