"""Where a kind's state lies: one row a device, one structured type a kind, made from the kind's rules."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Any, Final

import numpy as np

from sensing import baseline
from sensing.device import Kind
from sensing.reading import Rows, State
from sensing.rules import Baseline, Rule, RuleKind

NEVER: Final = -1
"""The time before the first reading."""
IDLE, BREACHING, RAISED = 0, 1, 2
"""What a rule makes of a device: nothing, beyond the limit but not for long enough, an alarm."""
SUSPECT, IMPOSSIBLE = 1, 2
"""Bits of ``flags``: the last reading had a wrong clock, the last one judged an impossible value."""


@dataclass(frozen=True)
class Layout:
    """A kind and the place of its state.

    Fields: ``device`` a digest of its id; ``newest`` the time of the newest reading that came, ``judged`` of the newest
    that was judged, ``value`` at ``value_at`` the last possible one; ``flags``; ``waiting`` how many readings wait,
    ``wait_at`` and ``wait_value`` (in order of time) which; by rule ``code`` and ``since``; by baseline rule
    ``memory``. All times are epoch milliseconds.
    """

    kind: Kind

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules in the order of their columns."""
        return self.kind.rules

    @cached_property
    def levels(self) -> tuple[int, ...]:
        """The level of each rule."""
        return tuple(rule.level for rule in self.rules)

    @cached_property
    def baselines(self) -> dict[int, int]:
        """Column of ``memory`` by the number of each baseline rule."""
        numbers = [n for n, rule in enumerate(self.rules) if isinstance(rule, Baseline)]
        return {number: column for column, number in enumerate(numbers)}

    @cached_property
    def late_ms(self) -> int:
        """How long a reading waits for earlier ones."""
        return round(self.kind.lateness_s * 1000)

    @cached_property
    def dtype(self) -> np.dtype[Any]:
        """The type of a row."""
        said = self.description
        return row_type(len(self.rules), said["deep"], said["memory"], said["keep"])

    @cached_property
    def description(self) -> dict[str, Any]:
        """What is needed to read packed rows again, also under other rules; ``keep`` are the rules with a memory."""
        return {
            "kind": self.kind.id,
            "rules": [[rule.id, str(rule.how)] for rule in self.rules],
            "deep": self.kind.waiting if self.late_ms else 0,
            "memory": baseline.DTYPE.descr if self.baselines else [],
            "keep": list(self.baselines),
        }

    @cached_property
    def written(self) -> str:
        """The description as JSON."""
        return json.dumps(self.description, separators=(",", ":"))

    def fresh(self, count: int) -> State:
        """Rows of devices that were never heard."""
        rows = np.zeros(count, self.dtype)
        rows["newest"] = rows["judged"] = rows["value_at"] = NEVER
        rows["value"] = np.nan
        if self.baselines:
            rows["memory"] = baseline.start(count)[:, None]
        return rows

    def places(self, how: RuleKind) -> tuple[int, ...]:
        """The numbers of the rules of one sort."""
        return tuple(n for n, rule in enumerate(self.rules) if rule.how is how)


def row_type(rules: int, deep: int, memory: Sequence[tuple[str, str]], keep: Sequence[int]) -> np.dtype[Any]:
    """The type of a row of a kind with so many rules, room for so many waiting readings, and memories of baselines."""
    fields: list[Any] = [("device", "u8"), ("newest", "i8"), ("judged", "i8"), ("value", "f8"), ("value_at", "i8")]
    fields += [("since", "i8", (rules,)), ("code", "u1", (rules,)), ("flags", "u1")]
    if deep:
        fields += [("waiting", "u1"), ("wait_at", "i8", (deep,)), ("wait_value", "f8", (deep,))]
    if keep:
        fields.append(("memory", list(memory), (len(keep),)))
    return np.dtype(fields)


def digest(device: str) -> int:
    """Sixty-four bits that stand for a device's id in packed rows."""
    return int.from_bytes(sha256(device.encode()).digest()[:8], "little")


def firsts(rows: Rows) -> Rows:
    """Where each device's readings begin, in columns sorted by row."""
    if len(rows) < 2:
        return np.zeros(len(rows), np.int64)
    return np.concatenate(([0], np.flatnonzero(rows[1:] != rows[:-1]) + 1))
