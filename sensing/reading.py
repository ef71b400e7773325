"""Readings as columns, and the counts of what became of them."""

from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]
Times = NDArray[np.int64]
Values = NDArray[np.float64]
Mask = NDArray[np.bool_]
State = NDArray[Any]
"""Rows of a kind's structured state; its fields are those of ``sensing.layout``."""


@dataclass(frozen=True, slots=True)
class Readings:
    """Readings in the order they came. All columns have length n; ``rows`` are numbers of devices in the fleet.

    ``at`` is the event time and ``received`` the moment the record came in (one for all, or a column), both epoch
    milliseconds UTC; ``values`` are in the kind's unit of measure.
    """

    rows: NDArray[np.integer[Any]]
    at: Times
    values: Values
    received: int | Times

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(slots=True)
class Counts:
    """What became of the readings since the fleet was made. Every reading is counted once, but for ``in_maintenance``.

    ``judged``: by the rules. ``late``: older than what was judged, or than its kind's bound. ``duplicate``: of a device
    and time that is known. ``clock_suspect``: too far ahead of its arrival. ``out_of_range``: physically impossible.
    ``in_maintenance``: of those judged, the ones taken during a maintenance window. Readings that still wait for
    earlier ones are not counted yet.
    """

    judged: int = 0
    late: int = 0
    duplicate: int = 0
    clock_suspect: int = 0
    out_of_range: int = 0
    in_maintenance: int = 0

    def as_dict(self) -> dict[str, int]:
        """The counts by name."""
        return asdict(self)

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """The names of all counts."""
        return tuple(field.name for field in fields(cls))
