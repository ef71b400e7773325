"""What a dispatch rule is: one row of the 派单目录, plain data that a clerk can read."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from domain.clock import Limit

OWNER, MAINTAINER = "@owner", "@maintainer"
OF_COMPONENT = frozenset({OWNER, MAINTAINER})


class Ask(StrEnum):
    """What a rule may ask of a case, the most particular first: this order is the order of specificity.

    立案条件, 类别, 权属单位, 养护单位, 区域, 文本标签, 时段, 紧急程度, 来电人类别, 来源, 用地.
    """

    CONDITION = "condition"
    CATEGORY = "category"
    OWNER = "owner"
    MAINTAINER = "maintainer"
    AREA = "area"
    TAG = "tag"
    WINDOW = "window"
    URGENCY = "urgency"
    CALLER = "caller"
    SOURCE = "source"
    LAND_USE = "land_use"


CIRCUMSTANCES: tuple[Ask, ...] = tuple(ask for ask in Ask if ask not in (Ask.CATEGORY, Ask.AREA))
"""All but the two that are trees."""

Names = frozenset[str]
_ANY: Names = frozenset()


@dataclass(frozen=True, slots=True)
class Validity:
    """Days on which something holds, both included; None is open. Raises nothing: an empty one holds never."""

    first: date | None = None
    last: date | None = None

    def holds(self, day: date) -> bool:
        """Whether it holds on ``day`` (local)."""
        return (self.first is None or self.first <= day) and (self.last is None or day <= self.last)

    def meets(self, other: "Validity") -> bool:
        """Whether there is a day on which both hold."""
        first = max(self.first or date.min, other.first or date.min)
        return first <= min(self.last or date.max, other.last or date.max)


ALWAYS = Validity()


@dataclass(frozen=True, slots=True)
class Rule:
    """If the case is one of those asked for in every column, ``lead`` (主办) and ``assist`` (协办) act.

    An empty set asks nothing. ``category`` holds nodes of the catalogue's tree (keys, or ``class:NN`` for a whole
    大类), ``area`` area codes of any level; a node holds all below it. ``sent_back`` asks for at least so many earlier
    send-backs. ``exception`` marks a rule for the time being (例外), which goes before every ordinary one and must end.

    Units are ids, ``@kind`` (see ``roster``), or ``@owner`` and ``@maintainer`` of the component. Several leads leave
    a choice: who of them is on duty and has the least to do. ``optional`` assistants need not have reported before the
    lead finishes. ``plan`` starts an emergency plan, ``limit`` replaces the condition's limit of disposal,
    ``instruction`` is for the unit, ``note`` for whoever keeps the rulebook.
    """

    id: str
    lead: tuple[str, ...]
    category: Names = _ANY
    area: Names = _ANY
    condition: Names = _ANY
    owner: Names = _ANY
    maintainer: Names = _ANY
    tag: Names = _ANY
    window: Names = _ANY
    urgency: Names = _ANY
    caller: Names = _ANY
    source: Names = _ANY
    land_use: Names = _ANY
    sent_back: int = 0
    assist: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    plan: str = ""
    limit: Limit | None = None
    instruction: str = ""
    note: str = ""
    valid: Validity = ALWAYS
    exception: bool = False

    def asked(self, ask: Ask) -> Names:
        """What it asks of one column; empty where it does not."""
        names: Names = getattr(self, ask.value)
        return names

    def asks(self) -> Iterator[tuple[Ask, Names]]:
        """The columns it asks, in the order of specificity."""
        return ((ask, names) for ask in Ask if (names := self.asked(ask)))

    def says(self) -> str:
        """What it asks, in words: the reason it gives where it decides."""
        said = [f"{ask} {listed(names)}" for ask, names in self.asks()]
        if self.sent_back:
            said.append(f"sent back {self.sent_back} times or more")
        return f"{'exception' if self.exception else 'rule'} {self.id}: {', '.join(said) or 'holds always'}"

    @property
    def outcome(self) -> tuple[object, ...]:
        """What comes of it: two rules of one outcome may both hold."""
        return self.lead, self.assist, self.optional, self.plan, self.limit, self.instruction

    def compatible(self, other: "Rule") -> bool:
        """Whether one case can have the circumstances of both; the trees and send-backs are left out.

        A case has several tags and lies in several windows at once, so two rules on different ones may both hold.
        """
        if not self.valid.meets(other.valid):
            return False
        for ask in CIRCUMSTANCES:
            mine, others = self.asked(ask), other.asked(ask)
            if mine and others and ask not in (Ask.TAG, Ask.WINDOW) and mine.isdisjoint(others):
                return False
        return True

    def holds_whenever(self, other: "Rule") -> bool:
        """Whether its circumstances hold in every case that has those of ``other``; the trees are left out."""
        if self.sent_back > other.sent_back:
            return False
        if not _within(other.valid, self.valid):
            return False
        return all(
            not (mine := self.asked(ask)) or ((others := other.asked(ask)) and others <= mine) for ask in CIRCUMSTANCES
        )


def _within(inner: Validity, outer: Validity) -> bool:
    first = outer.first is None or (inner.first is not None and inner.first >= outer.first)
    return first and (outer.last is None or (inner.last is not None and inner.last <= outer.last))


def listed(names: Iterable[str]) -> str:
    """Names as a cell of the rulebook has them."""
    return "|".join(sorted(names))
