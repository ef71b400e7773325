"""The turning of days of raw readings: tomorrow's partition is made, the oldest is dropped. Beside the sweep."""

import asyncio
import logging
from pathlib import Path

from domain.errors import Unavailable
from handlers.ports import Office
from handlers.reading_days import close_files, drop_days, make_days

log = logging.getLogger(__name__)

_EVERY = 60.0


async def turn_days(office: Office, days: int, folder: Path) -> None:
    """Run until cancelled; readings are kept for ``days`` days. Safe to run twice: a day is made and dropped once.

    ``folder`` is where files of readings are, if there are any.
    """
    while True:
        try:
            made = await make_days(office, days)
            dropped = await drop_days(office, days)
            closed = await close_files(office, folder, days)
            if made or dropped or closed:
                log.info("days of readings: %d made, %d dropped; %d files closed", made, dropped, closed)
        except Unavailable as error:
            log.warning("days of readings wait: %s", error)
        except Exception:  # the alarms of the same process must ring whatever a day of readings does to us
            log.exception("turning the days of readings failed; it goes on with the next round")
        await asyncio.sleep(_EVERY)
