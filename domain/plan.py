"""Emergency plans (预案, 高效处置一件事): several units at once, limits in minutes, one command record.

The case stays an ordinary case underneath: a plan only decides who is called, how fast, and who is told next.
"""

from dataclasses import dataclass
from datetime import datetime

from domain.catalogue import URGENCIES, Category, Urgency
from domain.clock import Limit
from domain.place import Level
from domain.task import Part


@dataclass(frozen=True, slots=True)
class Share:
    """What a plan asks of one unit (an id; in a pack also ``@kind``)."""

    unit: str
    part: Part
    limit: Limit
    required: bool = True


@dataclass(frozen=True, slots=True)
class Alert:
    """The public warning a plan sends out, in the terms of CAP 1.2 (OASIS, 3.2.2)."""

    event: str
    category: str
    urgency: str
    severity: str
    certainty: str
    headline: str
    instruction: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """One plan of the pack. ``categories`` are catalogue keys or ``class:NN``; empty means by command only.

    ``urgency`` asks for at least this urgency. ``levels`` are climbed, one with each rung of the escalation ladder.
    """

    id: str
    name: str
    shares: tuple[Share, ...]
    categories: frozenset[str] = frozenset()
    urgency: Urgency = Urgency.CRITICAL
    levels: tuple[Level, ...] = ()
    alert: Alert | None = None

    def triggered_by(self, category: Category | None, urgency: Urgency) -> bool:
        """Whether a case of this category and urgency starts the plan by itself."""
        if category is None or URGENCIES.index(urgency) < URGENCIES.index(self.urgency):
            return False
        return not self.categories.isdisjoint((category.key, f"class:{category.class_code}"))


@dataclass(frozen=True, slots=True)
class Activation:
    """A plan as it was started on one case, frozen: its units resolved, whoever changes the pack later."""

    plan: str
    name: str
    shares: tuple[Share, ...]
    levels: tuple[Level, ...] = ()
    alert: Alert | None = None
    at: datetime | None = None
