"""Workers as one might write them without our door: the controls. Each spoils something, and a drill must say so.

``offset-first`` acknowledges a batch before its transaction, as a Faust agent with ``concurrency`` above 1 in effect
does; ``dead-letter`` rejects whatever a handler raises; ``by-address`` knows a record again by topic, partition and
offset. Run as ``python -m bench.reliability.careless worker --number N`` in place of ``cityloop worker``.
"""

import asyncio
import logging
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar

from domain.errors import Refused
from domain.report import Report
from handlers.outcomes import Declined, Failed, Outcome
from runtime.embedded.child import Child, stop_recorded
from runtime.settings import ROOT, load
from runtime.supervisor import Process
from runtime.wiring import open_desk
from streams.app import build_app, run_worker, serve
from streams.door import Door, NoMeter, Raw
from streams.doors import doors
from streams.offsets import prime_offsets
from streams.source import Source
from streams.topics import HOTLINE

_MODULE = "bench.reliability.careless"
_HANDS = 8


@dataclass(slots=True)
class CarelessWorker(Process):
    """A process of this module, kept going like any other; which carelessness it stands in its environment."""

    VARIABLE: ClassVar[str] = "DRILL_CARELESS"

    def start(self) -> None:
        """Start it in place of ours."""
        record = self.home / f"{self.name}.pid"
        stop_recorded(record, [_MODULE, *self.command], ())
        self.child = Child(
            [sys.executable, "-m", _MODULE, *self.command],
            env={**os.environ, **self.environment, "PYTHONPATH": str(ROOT)},
            log=self.home / "logs" / f"{self.name}.log",
            pid_file=record,
            parting=signal.SIGKILL,
        )
        self.child.spawn()
        self.started = time.monotonic()
        self.restarts += 1


class OffsetFirst(Door[Any]):
    """Acknowledges, then works, on several batches at a time."""

    async def run(self, source: Source) -> None:
        """What was in hand when the process died is acknowledged and gone."""
        # one batch is a record or two, and may have been carried out with only the answer still to come
        async with asyncio.TaskGroup() as hands:
            for _ in range(_HANDS):
                hands.create_task(self._keep_working(source))

    async def _keep_working(self, source: Source) -> None:
        while True:
            taken = await source.take(self.batch, self.within)
            raws = list(taken.raws)
            taken.finish()
            await self._work(raws, source)


def offset_first(door: Door[Report]) -> Door[Report]:
    """The same door, acknowledging first."""
    return OffsetFirst(**{field.name: getattr(door, field.name) for field in fields(door)})


def dead_letter(door: Door[Report]) -> Door[Report]:
    """The same door; whatever goes wrong is the records' fault."""
    handle: Callable[[Sequence[Report]], Awaitable[Sequence[Outcome | Declined]]] = door.handle

    async def whatever(reports: Sequence[Report]) -> Sequence[Outcome | Declined]:
        try:
            return await handle(reports)
        except Exception:
            return [Failed(Refused("dead-letter", "死信"))] * len(reports)

    return replace(door, handle=whatever)


def by_address(door: Door[Report]) -> Door[Report]:
    """The same door; the inbox's key is where the record lay, and the ticket's number is kept beside."""
    parse = door.parse

    def parsed(raw: Raw) -> Sequence[Report]:
        return [
            replace(report, origin_key=raw.address, extra={**report.extra, "ticket_no": report.origin_key})
            for report in parse(raw)
        ]

    return replace(door, parse=parsed)


VARIANTS: dict[str, Callable[[Door[Report]], Door[Report]]] = {
    "offset-first": offset_first,
    "dead-letter": dead_letter,
    "by-address": by_address,
}


def main() -> int:
    """Run one worker; its exit status."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr)
    settings, spoil = load(), VARIANTS[os.environ[CarelessWorker.VARIABLE]]
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    desk = open_desk(settings, "drill-careless")
    office = loop.run_until_complete(desk.__aenter__()).office
    group = f"{settings.topic_prefix}.worker"
    app = build_app(group, settings.kafka_bootstrap, settings.home / "faust")
    topics = []
    for topic, door in doors(office, NoMeter()):
        topics.append(topic.full(settings.topic_prefix))
        serve(app, spoil(door) if topic is HOTLINE else door, topics[-1])
    prime_offsets(settings.kafka_bootstrap, group, topics)
    return run_worker(app)


if __name__ == "__main__":
    sys.exit(main())
