"""What a rule is. The seven sorts of rules over the readings of one kind of device, as plain frozen values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar

from domain.catalogue import Urgency
from sensing.baseline import LIMIT
from sensing.times import Window


class RuleKind(StrEnum):
    """How a rule judges: 阈值, 变化率, 卡滞, 离线, 超量程, 邻近印证, 基线偏离."""

    THRESHOLD = "threshold"
    RATE = "rate"
    STUCK = "stuck"
    SILENCE = "silence"
    RANGE = "range"
    NEIGHBOURS = "neighbours"
    BASELINE = "baseline"


class Direction(StrEnum):
    """Which way is bad: 上升, 下降, 双向."""

    UP = "up"
    DOWN = "down"
    BOTH = "both"


class Vicinity(StrEnum):
    """Whose word counts beside a device's own: devices of its kind on its network (管网), or in its unit grid."""

    NETWORK = "network"
    GRID = "grid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What all rules have: ``kind`` of device, ``level`` (1 一级, 2 二级, 3 三级; 1 is gravest), and what a case says.

    Rules of one kind with the same ``alarm`` are levels of one alarm; by itself a rule is its own. ``cause`` names what
    alarms of several kinds may have in common (a cloudburst). Outside ``active`` the rule does not hold.
    """

    how: ClassVar[RuleKind]

    id: str
    kind: str
    level: int = 3
    category: str = ""
    condition: str | None = None
    urgency: Urgency | None = None
    alarm: str = ""
    cause: str = ""
    active: Window | None = None

    @property
    def family(self) -> str:
        """The alarm it is a level of."""
        return self.alarm or self.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold(Rule):
    """At or beyond ``raise_at`` for ``hold_s`` seconds of event time, until back within ``clear_at``.

    ``direction`` DOWN turns both round: at or below. ``limits`` are (raise, clear) of single devices by id.
    """

    how: ClassVar[RuleKind] = RuleKind.THRESHOLD

    raise_at: float
    clear_at: float
    direction: Direction = Direction.UP
    hold_s: float = 0.0
    limits: Mapping[str, tuple[float, float]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate(Threshold):
    """As a threshold, over the change per minute since the reading before. BOTH: whichever way it changes."""

    how: ClassVar[RuleKind] = RuleKind.RATE


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbours(Threshold):
    """As a threshold, but raised only while at least ``at_least`` devices of the vicinity are beyond it, itself one.

    An alarm once raised ends when its own device is back, whatever the others say.
    """

    how: ClassVar[RuleKind] = RuleKind.NEIGHBOURS

    at_least: int = 2
    within: Vicinity = Vicinity.NETWORK


@dataclass(frozen=True, slots=True, kw_only=True)
class Stuck(Rule):
    """No reading differed by more than ``epsilon`` from the one before it for ``hold_s`` seconds of event time."""

    how: ClassVar[RuleKind] = RuleKind.STUCK

    hold_s: float
    epsilon: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence(Rule):
    """No reading for ``after_s`` seconds (离线), found by a tick of the clock. The next reading ends it."""

    how: ClassVar[RuleKind] = RuleKind.SILENCE

    after_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Range(Rule):
    """Only impossible readings for ``hold_s`` seconds of event time. The next one that is possible ends it."""

    how: ClassVar[RuleKind] = RuleKind.RANGE

    hold_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline(Rule):
    """As surprising beside the device's own past as ``raise_at``, until below ``clear_at`` (``sensing.baseline``)."""

    how: ClassVar[RuleKind] = RuleKind.BASELINE

    raise_at: float = LIMIT
    clear_at: float = LIMIT / 2
    hold_s: float = 0.0
