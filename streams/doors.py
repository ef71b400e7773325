"""All doors of a worker: which topic, how it is understood, which handler is behind it. One table, no loops."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from handlers.messages import hear_many
from handlers.ports import Office
from handlers.reject import Rejected, keep_rejects
from streams.door import Door, Meter, Reject
from streams.intake import READERS, accept, report_parser
from streams.messages import parse_message
from streams.reactions import assign, file, parse_work
from streams.topics import ASSIGN_WORK, FILE_WORK, MESSAGES, Topic


def doors(office: Office, meter: Meter) -> Iterator[tuple[Topic, Door[Any]]]:
    """The doors of one worker on its office."""
    reject = partial(keep, office)
    for topic in READERS:
        yield (
            topic,
            Door(topic.name, report_parser(office, topic), partial(accept, office), reject, batch=500, meter=meter),
        )
    yield MESSAGES, Door(MESSAGES.name, parse_message, partial(hear_many, office), reject, batch=200, meter=meter)
    for topic, react in ((FILE_WORK, file), (ASSIGN_WORK, assign)):
        # a work record holds up to 200 ids: ten records fill a transaction
        yield topic, Door(topic.name, parse_work, partial(react, office), reject, batch=10, meter=meter)


async def keep(office: Office, rejects: Sequence[Reject]) -> None:
    """Keep what a door turned away. Raises ``Unavailable``."""
    await keep_rejects(office, [_kept(reject) for reject in rejects])


def _kept(reject: Reject) -> Rejected:
    raw = reject.raw
    return Rejected(
        topic=raw.topic,
        partition=raw.partition,
        offset=raw.offset,
        item=reject.item,
        key=raw.key,
        headers=[(name, value.hex()) for name, value in raw.headers],
        value=raw.value,
        code=reject.code,
        reason=reject.reason,
        traceback=reject.traceback,
    )
