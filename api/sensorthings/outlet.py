"""Where observations go: the stream of readings. The wiring knows the broker; this door does not."""

from collections.abc import Sequence
from typing import Protocol

from sensing.wire import Columns


class Outlet(Protocol):
    """Takes readings for the sensors' workers."""

    async def publish(self, records: Sequence[Columns]) -> None:
        """Returns when the broker has all of them. Raises ``Unavailable``: some may have arrived; send all again."""
