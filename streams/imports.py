"""Works off the tables that were handed in, one after another. Beside the sweep, safe to run twice."""

import asyncio
import logging

from domain.errors import Unavailable
from handlers.import_work import forget_old, work_once
from handlers.imports import ImportDesk

log = logging.getLogger(__name__)

_EVERY = 0.5
_FORGET_EVERY = 600.0


async def work_imports(desk: ImportDesk) -> None:
    """Run until cancelled: the next import, or a moment's rest where none waits."""
    clock = asyncio.get_running_loop().time
    forgotten = -_FORGET_EVERY
    while True:
        try:
            if await work_once(desk):
                continue
            if clock() - forgotten > _FORGET_EVERY:
                await forget_old(desk)
                forgotten = clock()
        except Unavailable as error:
            log.warning("imports wait: %s", error)
        await asyncio.sleep(_EVERY)
