"""Categories (大类/小类) and filing conditions (立案条件): versioned tables, read from data, never from code.

Components and events share their five digits in GB/T 47678.5-2026, so the key is (standard, kind, code).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from domain.clock import Limit
from domain.errors import Invalid


class Kind(StrEnum):
    """部件 (a thing in the street) or 事项/事件 (something that happens, or is wrong with a thing)."""

    COMPONENT = "component"
    EVENT = "event"


class Urgency(StrEnum):
    """一般, 紧急, 非常紧急 (danger to life)."""

    NORMAL = "normal"
    URGENT = "urgent"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True)
class Category:
    """One 小类 under its 大类, in one edition of one standard."""

    standard: str
    kind: Kind
    code: str
    name: str
    class_code: str
    class_name: str

    @property
    def key(self) -> str:
        """``gbt47678.5-2026:event:06010``: unique over standards, editions and kinds."""
        return f"{self.standard}:{self.kind}:{self.code}"


@dataclass(frozen=True, slots=True)
class Condition:
    """One filing condition of a category, with its own closing condition, limit and urgency (GB/T 30428.8)."""

    id: str
    category: str
    filing: str
    closing: str
    limit: Limit
    urgency: Urgency = Urgency.NORMAL


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All categories a city uses, their conditions, and the way from old codes to current ones.

    ``categories`` is keyed by ``Category.key``; ``conditions`` by the same key, in the table's order; ``legacy`` maps
    an old code, as sources still send it (``"event:0110"``), to a current key. ``current`` is the standard that a
    bare code means.
    """

    current: str
    categories: Mapping[str, Category]
    conditions: Mapping[str, tuple[Condition, ...]]
    legacy: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        current: str,
        categories: Iterable[Category],
        conditions: Iterable[Condition],
        legacy: Mapping[str, str] | None = None,
    ) -> "Catalogue":
        """Index the tables; conditions keep the order they come in."""
        grouped: dict[str, tuple[Condition, ...]] = {}
        for condition in conditions:
            grouped[condition.category] = (*grouped.get(condition.category, ()), condition)
        return cls(current, {c.key: c for c in categories}, grouped, dict(legacy or {}))

    def find(self, code: str, kind: Kind = Kind.EVENT) -> Category:
        """The category that a source means by ``code``: a full key, a current code, or an old one that is mapped.

        A component's code means the event «<component>异常», which carries the same digits (GB/T 47678.5-2026,
        table C.1). Raises ``Invalid`` with code ``category-unknown``.
        """
        event = f"{self.current}:{Kind.EVENT}:{code}"
        mapped = self.legacy.get(f"{kind}:{code}", "")
        for key in (code, event, f"{self.current}:{kind}:{code}", mapped):
            if key in self.categories:
                return self.categories[key]
        raise Invalid("category-unknown", "类别代码不在现行目录中", f"{kind} code of {self.current} expected")

    def condition(self, category: Category, condition_id: str | None) -> Condition | None:
        """The named condition of the category; the first of its table where none is named; None if it has none.

        Raises ``Invalid`` with code ``condition-mismatch`` when the named one belongs to another category.
        """
        own = self.conditions.get(category.key, ())
        if condition_id is None:
            return own[0] if own else None
        for condition in own:
            if condition.id == condition_id:
                return condition
        raise Invalid("condition-mismatch", "立案条件不属于该小类", f"{category.code} has {len(own)} conditions")
