"""Reactions to our own events: accepted reports are filed, filed cases are assigned. Many ids a record."""

from collections.abc import Sequence
from functools import partial
from uuid import UUID

from handlers.assign import assign_many
from handlers.batch import in_halves
from handlers.file import file_many
from handlers.outcomes import Outcome
from handlers.ports import Office
from streams.door import Raw
from streams.records import work_ids
from streams.topics import FILE_WORK
from streams.wire import checked_schema


def parse_work(raw: Raw) -> Sequence[UUID]:
    """The ids of a work record. Raises ``Invalid``."""
    checked_schema(raw.headers, FILE_WORK.contract)
    return work_ids(raw.value)


async def file(office: Office, ids: Sequence[UUID]) -> Sequence[Outcome]:
    """The handler behind the filing work."""
    return await in_halves(partial(file_many, office), ids)


async def assign(office: Office, ids: Sequence[UUID]) -> Sequence[Outcome]:
    """The handler behind the assignment work."""
    return await in_halves(partial(assign_many, office), ids)
