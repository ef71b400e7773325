"""What the rules have to say: an alarm begins, climbs or ends, or a reading is not to be believed."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

CLOCK: Final = "@clock"
"""The rule of signals about a device whose clock is wrong."""
RANGE: Final = "@range"
"""The rule of signals about values that are physically impossible."""


class Change(StrEnum):
    """What a signal says: 报警, 恢复, 数据存疑."""

    RAISED = "raised"
    CLEARED = "cleared"
    FLAGGED = "flagged"


@dataclass(frozen=True, slots=True)
class Signal:
    """One change. Its ``key`` is the same under replay and however the readings were cut into batches.

    ``alarm`` is what rules of several levels have in common: raised once more with a graver ``level`` (1 一级 gravest)
    it is the same alarm. Every rule that was raised is cleared once, with the ``since_ms`` it was raised with.
    ``since_ms`` is when the breach began, ``at_ms`` the event time it was found at; ``reason`` is Chinese, for people.
    """

    device: str
    rule: str
    change: Change
    level: int
    since_ms: int
    at_ms: int
    value: float
    reason: str
    alarm: str = ""
    flapping: bool = False

    @property
    def key(self) -> tuple[str, str, int]:
        """What makes it one and the same: device, rule and beginning."""
        return self.device, self.rule, self.since_ms
