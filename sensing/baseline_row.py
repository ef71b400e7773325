"""What ``sensing.baseline`` remembers of a device, and the few figures it goes by."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

HOURS: Final = 24
WITNESSES: Final = 3

ROW: Final = np.dtype(
    [
        ("origin", "f8"),
        ("unit", "f8"),
        ("readings", "i4"),
        ("away", "f4", WITNESSES),
        ("centre", "f4", WITNESSES),
        ("width", "f4", WITNESSES),
        ("bound", "f4", WITNESSES),
        ("tail", "f4", WITNESSES),
        ("beyond", "u1", WITNESSES),
        ("visits", "u1", 2 * HOURS),
        ("profile", "f4", 2 * HOURS),
    ]
)
"""One device. ``origin`` its first value and ``unit`` its first change: everything else is measured in these.
``profile``: the level by hour of workdays, then of weekends, heard ``visits`` times; ``away``: by witness, how far
readings are off it; ``centre`` and ``width``: mean and variance of the first logarithms of that, ``bound`` and ``tail``
what is rare among all of them, ``beyond`` how many were."""

FLOOR: Final = 1e-6
"""Of a device's level: what single precision can hold. Less is no change."""
HUGE: Final = 1e30

Columns = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Tuning:
    """What was settled on real series, the same for every device.

    ``windows``: over how many readings each witness looks; the first sees lasting shifts, the last bursts.
    ``share``: how much of the past is beyond the bound where tails begin. ``refresh``: how fast the level of an hour
    follows, of the difference a reading. ``life``: after how many readings the past is forgotten.
    """

    windows: tuple[int, int, int] = (144, 48, 6)
    share: float = 0.02
    refresh: float = 0.05
    life: int = 3000


SETTLED: Final = Tuning()
