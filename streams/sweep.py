"""The sweep: looks every moment for what is due and hands it to the office. Safe to run twice.

Due are alarms of deadlines, promises of tickets, messages that came before their ticket, and recoveries of what
sensors reported.
"""

import asyncio
import logging
from collections.abc import Callable

from domain.errors import Unavailable
from handlers.messages import hear_again
from handlers.overdue import ring_due
from handlers.ports import Office
from handlers.recoveries import note_recoveries
from handlers.tickets import expire_tickets

log = logging.getLogger(__name__)

_EVERY = 0.5


async def sweep(office: Office, beat: Callable[[int], None]) -> None:
    """Run until cancelled. ``beat`` is called after every round with the number of alarms that rang."""
    while True:
        try:
            rang = await ring_due(office) + await expire_tickets(office)
            heard = await hear_again(office) + await note_recoveries(office)
        except Unavailable as error:
            log.warning("sweep waits: %s", error)
            await asyncio.sleep(1.0)
            continue
        beat(rang)
        if not rang + heard:
            await asyncio.sleep(_EVERY)
