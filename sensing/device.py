"""Kinds of devices: what they measure, and the rules that judge it."""

from dataclasses import dataclass, field
from math import inf

from sensing.rules import Rule


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of device and the rules that judge it.

    ``low`` to ``high`` is what is physically possible, in ``measure`` (°, μg/m³). ``lateness_s`` is how long a
    reading waits for earlier ones of its device (0: judged at once), at most ``waiting`` of them. A reading more than
    ``skew_s`` ahead of its arrival has a wrong clock. An alarm raised more than ``flaps`` times in ``flap_s`` seconds
    is held as one until it was quiet for as long; 0 flaps: never held.
    """

    id: str
    name: str
    measure: str = ""
    low: float = -inf
    high: float = inf
    lateness_s: float = 0.0
    skew_s: float = 300.0
    flaps: int = 3
    flap_s: float = 3600.0
    waiting: int = 8
    rules: tuple[Rule, ...] = field(default=())
