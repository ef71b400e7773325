"""The tidying of attachments: what nobody came back to, what nobody knows. Beside the sweep, safe to run twice."""

import asyncio
import logging
from datetime import UTC, datetime

from domain.errors import Unavailable
from handlers.attach import Archive
from handlers.tidy import SHARDS, finish_left, sweep_unknown, sweep_unnamed

log = logging.getLogger(__name__)

_EVERY = 60.0


async def tidy(archive: Archive) -> None:
    """Run until cancelled: a round a minute, with one shard of the file store each, so that all are seen in 5 hours.

    The clock says which shard, so that a process that is often started anew does not look at the first ones only.
    """
    while True:
        now = datetime.now(UTC)
        try:
            await finish_left(archive)
            await sweep_unnamed(archive)
            await sweep_unknown(archive, SHARDS[int(now.timestamp() // _EVERY) % len(SHARDS)], now)
        except Unavailable as error:
            log.warning("tidying waits: %s", error)
        except Exception:  # the alarms of the same process must ring whatever a file of an attachment does to us
            log.exception("tidying failed; it goes on with the next round")
        await asyncio.sleep(_EVERY)
