"""Rows of ``sensor_rules.csv`` as rules: each sort asks for some of the columns and wants the others empty."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, tzinfo
from math import isfinite
from typing import Any

from dispatch.windows import Window as NamedTime
from domain.catalogue import Urgency
from runtime.citypack.catalogue import Book
from runtime.citypack.tables import Row
from sensing.device import Kind
from sensing.rules import (
    Baseline,
    Direction,
    Neighbours,
    Range,
    Rate,
    Rule,
    RuleKind,
    Silence,
    Stuck,
    Threshold,
    Vicinity,
)
from sensing.times import Window

_LIMITS = frozenset({"raise_at", "clear_at", "hold_s"})
# The columns that each sort of rule asks for, besides those of every rule; the first ones it cannot do without.
_ASKED: Mapping[RuleKind, tuple[frozenset[str], frozenset[str]]] = {
    RuleKind.THRESHOLD: (frozenset({"raise_at"}), _LIMITS | {"direction"}),
    RuleKind.RATE: (frozenset({"raise_at"}), _LIMITS | {"direction"}),
    RuleKind.NEIGHBOURS: (frozenset({"raise_at", "at_least"}), _LIMITS | {"direction", "at_least", "within"}),
    RuleKind.STUCK: (frozenset({"hold_s"}), frozenset({"hold_s", "epsilon"})),
    RuleKind.SILENCE: (frozenset({"hold_s"}), frozenset({"hold_s"})),
    RuleKind.RANGE: (frozenset(), frozenset({"hold_s"})),
    RuleKind.BASELINE: (frozenset(), _LIMITS),
}
_PARAMETERS = frozenset().union(*(all_ for _, all_ in _ASKED.values()))
_LEVELS: Mapping[str, int] = {"": 3, **{str(n): n for n in (1, 2, 3)}, "一级": 1, "二级": 2, "三级": 3}


def sensor_window(named: NamedTime, zone: tzinfo) -> Window | None:
    """A named time of the pack as rules of sensors use it; None where it asks for working days."""
    if named.working is not None:
        return None
    offset = datetime.now(UTC).astimezone(zone).utcoffset()
    return Window(
        named.name,
        _second(named.start),
        _second(named.end),
        named.weekdays,
        named.season,
        int(offset.total_seconds()) if offset else 0,
    )


@dataclass(frozen=True)
class RuleReader:
    """All that a row may name. ``declared`` are the kinds with a row, ``kinds`` those without faults.

    ``windows`` holds None for a time that rules of sensors cannot use, ``causes`` is None where none are listed.
    """

    book: Book
    declared: frozenset[str]
    kinds: Mapping[str, Kind]
    windows: Mapping[str, Window | None]
    causes: Mapping[str, str] | None

    def read(self, rows: Sequence[Row]) -> list[Rule]:
        """The rules of the rows without faults, each with what rows of single devices say of its limits."""
        own: dict[str, dict[str, tuple[float, float]]] = defaultdict(dict)
        general = {row["id"]: row for row in rows if not row["device"]}
        for row in rows:
            if row["device"]:
                self._of_device(row, general.get(row["id"]), own[row["id"]])
        return [rule for row in general.values() if (rule := self._rule(row, own[row["id"]]))]

    def _rule(self, row: Row, own: Mapping[str, tuple[float, float]]) -> Rule | None:
        row.identifier("id")
        row.refer([row["kind"]] if row["kind"] else [], self.declared, "device-kind-unknown")
        how = row.word("rule", RuleKind, RuleKind.THRESHOLD)
        common = self._common(row)
        if not row.ok:
            return None
        needed, asked = _ASKED[how]
        for column in sorted(needed):
            if not row[column]:
                row.fault("cell-empty", column)
        for column in sorted(_PARAMETERS - asked):
            if row[column]:
                row.fault("rule-parameter", f"{column}: not asked for by {how}")
        rule = self._made(row, how, common, own) if row.ok else None
        return rule if row.ok else None

    def _common(self, row: Row) -> dict[str, Any]:
        level = _LEVELS.get(row["level"])
        if level is None:
            row.fault("word-unknown", "level: 一级, 二级, 三级 or 1, 2, 3")
        category = self.book.category(row) if row["category"] else None
        if not row["category"]:
            row.fault("cell-empty", "category")
        condition = self.book.condition(row, category)
        urgency = row.word("urgency", Urgency, Urgency.NORMAL) if row["urgency"] else None
        row.refer([row["cause"]] if row["cause"] else [], self.causes, "cause-unknown")
        row.refer([row["window"]] if row["window"] else [], self.windows, "window-unknown")
        window = self.windows.get(row["window"])
        if row["window"] in self.windows and window is None:
            row.fault("window-of-working-days", row["window"])
        return {
            "id": row["id"], "kind": row["kind"], "level": level or 3, "condition": condition, "urgency": urgency,
            "category": category.key if category else "", "alarm": row["alarm"], "cause": row["cause"],
            "active": window,
        }  # fmt: skip

    def _made(
        self, row: Row, how: RuleKind, common: Mapping[str, Any], own: Mapping[str, tuple[float, float]]
    ) -> Rule | None:
        hold = _positive(row, "hold_s", zero=how not in (RuleKind.STUCK, RuleKind.SILENCE))
        match how:
            case RuleKind.STUCK:
                return Stuck(hold_s=hold, epsilon=_positive(row, "epsilon"), **common)
            case RuleKind.SILENCE:
                return Silence(after_s=hold, **common)
            case RuleKind.RANGE:
                kind = self.kinds.get(row["kind"])
                if kind is not None and not isfinite(kind.low) and not isfinite(kind.high):
                    row.fault("range-without-bounds", row["kind"])
                return Range(hold_s=hold, **common)
            case RuleKind.BASELINE:
                usual = Baseline(id="", kind="")
                beyond = row.number("raise_at", usual.raise_at)
                return Baseline(raise_at=beyond, clear_at=row.number("clear_at", beyond / 2), hold_s=hold, **common)
        direction = row.word("direction", Direction, Direction.UP)
        limits: dict[str, Any] = {"direction": direction, "hold_s": hold, "limits": own}
        limits["raise_at"] = row.number("raise_at", 0)
        limits["clear_at"] = row.number("clear_at", limits["raise_at"])
        if how is RuleKind.RATE:
            return Rate(**limits, **common)
        if direction is Direction.BOTH:
            row.fault("word-unknown", f"direction: {Direction.UP} or {Direction.DOWN}")
        if how is RuleKind.THRESHOLD:
            return Threshold(**limits, **common)
        least, within = row.number("at_least", 2), row.word("within", Vicinity, Vicinity.NETWORK)
        if least < 2 or least != int(least):
            row.fault("number-invalid", "at_least: a whole number from 2")
        return Neighbours(at_least=int(least), within=within, **limits, **common)

    def _of_device(self, row: Row, general: Row | None, own: dict[str, tuple[float, float]]) -> None:
        """The limits of a single device, which the row of its kind must know how to use."""
        if general is None:
            row.fault("rule-without-kind-row", row["id"])
            return
        for column in sorted(_PARAMETERS - {"raise_at", "clear_at"}):
            if row[column]:
                row.fault("rule-parameter", f"{column}: a row of one device changes its limits only")
        if not row["raise_at"]:
            row.fault("cell-empty", "raise_at")
        beyond = row.number("raise_at", 0)
        back = row.number("clear_at", beyond)
        if row.ok:
            own[row["device"]] = beyond, back


def _positive(row: Row, column: str, *, zero: bool = True) -> float:
    value = row.number(column, 0)
    if not isfinite(value) or value < 0 or (row[column] and not zero and value == 0):
        row.fault("number-invalid", f"{column}: above 0")
        return 0
    return value


def _second(of: time) -> int:
    return of.hour * 3600 + of.minute * 60 + of.second
