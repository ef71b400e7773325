"""The sweep: looks every moment for deadlines that ran out and hands them to the office. Safe to run twice."""

import asyncio
import logging
from collections.abc import Callable

from domain.errors import Unavailable
from handlers.overdue import expire_due
from handlers.ports import Office

log = logging.getLogger(__name__)

_EVERY = 0.5


async def sweep(office: Office, beat: Callable[[int], None]) -> None:
    """Run until cancelled. ``beat`` is called after every round with the number of deadlines that expired."""
    while True:
        try:
            expired = await expire_due(office)
        except Unavailable as error:
            log.warning("sweep waits: %s", error)
            await asyncio.sleep(1.0)
            continue
        beat(expired)
        if not expired:
            await asyncio.sleep(_EVERY)
