"""The same request twice at once: the second waits a moment for the first's answer, and is told so if it gets none."""

import asyncio
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager
from typing import Final

from domain.errors import Refused
from domain.report import Report
from handlers.perform import Request
from handlers.tickets import TicketRequest

WAIT_SECONDS: Final = 2.0


class Twins:
    """The Idempotency-Keys under which a request is being carried out in this process.

    Twins in two processes meet in PostgreSQL, where the second waits for the first's commit.
    """

    def __init__(self, wait: float = WAIT_SECONDS) -> None:
        self._wait = wait
        self._inside: dict[Hashable, asyncio.Future[None]] = {}

    @asynccontextmanager
    async def alone(self, key: Hashable) -> AsyncIterator[None]:
        """Holds a key. Raises ``Refused`` with ``idempotency-in-progress`` if another does not let go of it in time."""
        loop = asyncio.get_running_loop()
        until = loop.time() + self._wait
        while (other := self._inside.get(key)) is not None:
            left = until - loop.time()
            if left <= 0:
                detail = "send it again after a moment: the answer will be the same"
                raise Refused("idempotency-in-progress", "相同请求正在处理", detail)
            await asyncio.wait({other}, timeout=left)
        mine = self._inside[key] = loop.create_future()
        try:
            yield
        finally:
            del self._inside[key]
            mine.set_result(None)


def report_key(report: Report) -> Hashable:
    """What two reports that are the same have in common."""
    return report.origin, report.origin_key


def command_key(asked: Request | TicketRequest) -> Hashable | None:
    """What two commands that are the same have in common; None for one without a key."""
    return None if asked.key is None else (asked.command.actor.id, asked.key)
