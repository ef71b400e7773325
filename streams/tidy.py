"""The tidying of attachments: what nobody came back to, what nobody knows. Beside the sweep, safe to run twice."""

import asyncio
import logging
from datetime import UTC, datetime
from itertools import cycle

from domain.errors import Unavailable
from handlers.attach import Archive
from handlers.tidy import SHARDS, finish_left, sweep_unknown, sweep_unnamed

log = logging.getLogger(__name__)

_EVERY = 60.0


async def tidy(archive: Archive) -> None:
    """Run until cancelled: a round a minute, with one shard of the file store each, so that all are seen in 5 hours."""
    for shard in cycle(SHARDS):
        try:
            await finish_left(archive)
            await sweep_unnamed(archive)
            await sweep_unknown(archive, shard, datetime.now(UTC))
        except Unavailable as error:
            log.warning("tidying waits: %s", error)
        await asyncio.sleep(_EVERY)
