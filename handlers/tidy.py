"""What is left over of attachments: uploads nobody came back to, files nobody knows, contents nobody looked at."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from domain.attachment import KEPT, AttachmentId, AttachmentState
from domain.errors import CityloopError
from handlers.attach import ORIGINAL, SERVED, THUMBNAIL, Archive, blob_key, finish

SHARDS = tuple(f"{shard:02x}" for shard in range(256))
_BATCH = 200
_PATIENCE = timedelta(minutes=5)
_OURS = re.compile(r"[0-9a-f]{2}/[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/[0-9a-z-]{1,64}")
_FINAL = frozenset({ORIGINAL, SERVED, THUMBNAIL})


async def finish_left(archive: Archive) -> int:
    """Look at uploads whose last byte came and whose process died then; returns how many. Raises ``Unavailable``."""
    async with archive.office.store.unit() as unit:
        waiting = await unit.attachments.unfinished(_PATIENCE, _BATCH)
    for upload in waiting:
        try:
            await finish(archive, upload)
        except CityloopError:  # refused, which is an end too, or not to be reached now: the next round sees
            continue
    return len(waiting)


async def sweep_unnamed(archive: Archive, kept: timedelta = KEPT) -> int:
    """Forget attachments that no report and no action has named in time; returns how many. Raises ``Unavailable``.

    First the rows, then the files: who dies in between leaves files nobody knows, for ``sweep_unknown``.
    """
    async with archive.office.store.unit() as unit:
        stale = await unit.attachments.stale(kept, _BATCH)
        if not stale:
            return 0
        owed = await unit.attachments.owed(stale)
        dropped = await unit.attachments.drop(stale)
    files = [[blob_key(each, name) for name in _FINAL] + sorted(owed[each][1]) for each in dropped]
    await archive.blobs.drop([key for keys in files for key in keys])
    archive.count("swept", len(dropped))
    return len(dropped)


async def sweep_unknown(archive: Archive, shard: str, now: datetime, kept: timedelta = KEPT) -> int:
    """Drop the files of a shard that are old and that no row knows of; returns how many. Raises ``Unavailable``."""
    listed = archive.blobs.listed(shard)
    old = [key async for key, written in listed if written < now - kept and _OURS.fullmatch(key)]
    swept = 0
    for at in range(0, len(old), _BATCH):
        keys = old[at : at + _BATCH]
        async with archive.office.store.unit() as unit:
            owners = list({_owner(key) for key in keys})
            owed, tables = await unit.attachments.owed(owners), await unit.imports.holding(owners)
        unknown = [key for key in _unknown(keys, owed) if _owner(key) not in tables]
        await archive.blobs.drop(unknown)
        swept += len(unknown)
    archive.count("orphans", swept)
    return swept


def _unknown(keys: Sequence[str], owed: Mapping[UUID, tuple[AttachmentState, frozenset[str]]]) -> list[str]:
    found = []
    for key in keys:
        state, pieces = owed.get(_owner(key), (AttachmentState.REFUSED, frozenset()))
        final = key.rpartition("/")[2] in _FINAL and state is not AttachmentState.REFUSED
        if not final and key not in pieces:
            found.append(key)
    return found


def _owner(key: str) -> AttachmentId:
    return AttachmentId(UUID(key.split("/")[1]))
