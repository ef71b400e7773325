"""What counts as danger to life (生命安全): a city's words, categories and urgency, before anything is decided.

It only says who goes first when there is no room for all; what the case becomes is the classifier's and the desk's.
"""

from dataclasses import dataclass

from domain.catalogue import URGENCIES, Catalogue, Kind, Urgency
from domain.errors import Invalid

WORDS: tuple[str, ...] = (
    "燃气泄漏", "煤气泄漏", "天然气泄漏", "燃气味", "煤气味", "漏气", "爆炸", "爆燃", "起火", "着火", "火灾", "冒烟",
    "坍塌", "塌陷", "塌方", "倒塌", "滑坡", "井盖缺失", "井盖丢失", "井盖不见", "没有井盖", "掉进井", "坠井", "触电",
    "漏电", "电线断", "电线掉", "高压线断", "溺水", "落水", "决堤", "被困", "中毒", "昏迷", "伤亡", "有人受伤",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class LifeSafety:
    """``words`` in a text, ``categories`` by catalogue key, and filing conditions at least as grave as ``urgency``."""

    words: tuple[str, ...] = WORDS
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
        if self._grave(urgency) or any(word in text for word in self.words):
            return True
        if not category:
            return False
        try:
            found = catalogue.find(category, kind)
            held = catalogue.condition(found, condition)
        except Invalid:
            return False
        return found.key in self.categories or (held is not None and self._grave(held.urgency))

    def _grave(self, urgency: Urgency) -> bool:
        return URGENCIES.index(urgency) >= URGENCIES.index(self.urgency)
