"""What comes through the sensors' door: records of readings and of the clock, and readings of many as columns."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

NOBODY: Final = -1
"""The row of a device that is not known."""


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """One record of readings. ``received`` and ``at`` are epoch milliseconds UTC; the columns have length n."""

    partition: int
    offset: int
    received: int
    gateway: str
    devices: list[str]
    at: NDArray[np.int64]
    values: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Tick:
    """One record of the clock: ``at`` in epoch milliseconds UTC."""

    partition: int
    offset: int
    at: int


@dataclass(frozen=True, slots=True, eq=False)
class LookedUp:
    """Readings of several records as columns, in their order, with what is known of their devices.

    ``record`` is the number of each one's record, ``offsets`` and ``received`` are that record's; ``rows`` are -1 for
    a device that this worker does not know of that gateway.
    """

    heard: Sequence[Heard]
    record: NDArray[np.int64]
    offsets: NDArray[np.int64]
    received: NDArray[np.int64]
    rows: NDArray[np.int64]
    at: NDArray[np.int64]
    values: NDArray[np.float64]

    def names(self, places: NDArray[np.int64]) -> list[tuple[str, str]]:
        """Device and gateway of the readings at these places."""
        firsts = np.searchsorted(self.record, np.arange(len(self.heard)))
        records = self.record[places]
        within = places - firsts[records]
        return [
            (self.heard[record].devices[place], self.heard[record].gateway)
            for record, place in zip(records.tolist(), within.tolist(), strict=True)
        ]
