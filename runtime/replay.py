"""Rejects put back through the door they came by: the same topic, key, headers and bytes, as new records."""

from aiokafka import AIOKafkaProducer

from handlers.reject import Rejected, note_replayed, one_reject, waiting_rejects
from runtime.settings import Settings
from runtime.wiring import open_desk
from streams.broker import producing

_PAGE = 200


async def replay(settings: Settings, *, code: str | None, reject: int | None) -> int:
    """Put back one reject, or all that wait (of one code); returns how many records went out.

    A record of which several items were rejected goes out once: those of its items that took effect are known by
    their keys and change nothing. Raises ``Unavailable`` if broker or database is away.
    """
    async with open_desk(settings, "cityloop-replay") as desk, producing(settings.kafka_bootstrap) as producer:
        sent: set[tuple[str, int, int]] = set()
        if reject is not None:
            one = await one_reject(desk.office, reject)
            page = [one] if one else []
        else:
            page = await waiting_rejects(desk.office, code, 0, _PAGE)
        while page:
            for each in page:
                if each.address not in sent:
                    await _send(producer, each)
                    sent.add(each.address)
            await note_replayed(desk.office, [each.id for each in page])
            page = await waiting_rejects(desk.office, code, page[-1].id, _PAGE) if reject is None else []
    return len(sent)


async def _send(producer: AIOKafkaProducer, reject: Rejected) -> None:
    headers = [(name, bytes.fromhex(value)) for name, value in reject.headers]
    await producer.send_and_wait(reject.topic, reject.value, key=reject.key, headers=headers)
