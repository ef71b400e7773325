"""Raw readings in PostgreSQL: copied in whole batches, and how far each partition of the stream has been kept.

Used by the sensors' handler, inside its transaction.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import asyncpg
import numpy as np
from numpy.typing import NDArray

from domain.errors import Unavailable
from store.pool import Connection
from store.queries import sql

AHEAD: Final = timedelta(days=2)
"""How far ahead of our clock a reading may be dated and still count as one of its day."""
COLUMNS: Final = ("at", "value", "device", "flags")
_BATCH_SECONDS = 60.0
_EPOCH_MS: Final = 946_684_800_000  # 2000-01-01, where PostgreSQL counts from
_HEAD: Final = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
_TAIL: Final = b"\xff\xff"
# one tuple of COPY's binary form: the number of fields, then each with its length before it
_TUPLE: Final = np.dtype(
    [
        ("fields", ">i2"), ("at_size", ">i4"), ("at", ">i8"), ("value_size", ">i4"), ("value", ">f8"),
        ("device_size", ">i4"), ("device", ">i4"), ("flags_size", ">i4"), ("flags", ">i2"),
    ]
)  # fmt: skip
_FIRST_MS: Final = -62_135_596_800_000  # year 1
_LAST_MS: Final = 253_402_300_799_999  # year 9999


@dataclass(frozen=True, slots=True)
class RawReadings:
    """Readings as columns of one length n: numbers of devices (int32), epoch ms UTC (int64), values, flags (int16).

    ``flags`` are bits of ``domain.device.ReadingFlag``.
    """

    devices: NDArray[np.int32]
    at: NDArray[np.int64]
    values: NDArray[np.float64]
    flags: NDArray[np.int16]

    def __len__(self) -> int:
        return len(self.devices)

    def __getitem__(self, rows: NDArray[np.bool_] | NDArray[np.intp]) -> "RawReadings":
        return RawReadings(self.devices[rows], self.at[rows], self.values[rows], self.flags[rows])


class Readings:
    """The readings of one unit of work. Raises ``Unavailable`` as the unit does."""

    def __init__(self, connection: Connection, at: datetime) -> None:
        self._connection = connection
        self._at = at

    async def marks(self, topic: str, partitions: Sequence[int]) -> dict[int, int]:
        """The offset up to which each partition has been kept; nobody else moves it until the transaction ends.

        Records below it have been kept: whoever reads them again passes them over.
        """
        rows = await self._connection.fetch(sql("reading_marks_take"), topic, sorted(set(partitions)))
        return {row["partition"]: row["next_offset"] for row in rows}

    async def advance(self, topic: str, next_offsets: Mapping[int, int]) -> None:
        """Note the offsets that come next, in the transaction that kept what was before them. Never goes back."""
        await self._connection.execute(
            sql("reading_marks_advance"), topic, list(next_offsets), list(next_offsets.values())
        )

    async def keep(self, batch: RawReadings, days: int) -> int:
        """Keep a batch; returns how many went to ``readings_odd``, dated outside the ``days`` that are kept."""
        if not len(batch):
            return 0
        first = _ms(self._at - timedelta(days=days))
        usual = (batch.at >= first) & (batch.at < _ms(self._at + AHEAD))
        odd = len(batch) - int(usual.sum())
        await self._copy("readings", batch[usual] if odd else batch)
        if odd:
            await self._copy("readings_odd", batch[~usual])
        return odd

    async def _copy(self, table: str, batch: RawReadings) -> None:
        if not len(batch):
            return
        try:
            await self._connection.copy_to_table(
                table, source=_whole(copied(batch)), columns=COLUMNS, format="binary", timeout=_BATCH_SECONDS
            )
        except asyncpg.CheckViolationError as error:
            # the partition of a day that readings waited for was made while these were on their way to the waiting ones
            raise Unavailable("database-unavailable", "数据库暂不可用", "a day was made; try again") from error


def copied(batch: RawReadings) -> bytes:
    """The batch as ``COPY … FROM STDIN (FORMAT binary)`` reads it; times beyond PostgreSQL's calendar are cut to it."""
    # in the order of the index, where a batch has several readings of a device (docs/readings.md: measured)
    order = np.lexsort((batch.at, batch.devices))
    batch = batch[order]
    rows = np.empty(len(batch), _TUPLE)
    rows["fields"] = len(COLUMNS)
    rows["at_size"] = rows["value_size"] = 8
    rows["device_size"], rows["flags_size"] = 4, 2
    rows["at"] = (np.clip(batch.at, _FIRST_MS, _LAST_MS) - _EPOCH_MS) * 1000
    rows["value"], rows["device"], rows["flags"] = batch.values, batch.devices, batch.flags
    return b"".join((_HEAD, rows.tobytes(), _TAIL))


async def _whole(content: bytes) -> AsyncIterator[bytes]:
    yield content


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
