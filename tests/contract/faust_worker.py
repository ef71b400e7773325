"""A worker process for test_faust_door: real door, real database, and on request a careless agent in its place.

Started as ``python faust_worker.py JSON``. While the file ``away`` exists the handler finds its database away; while
``stuck`` exists it hangs.
"""

import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg

from domain.errors import Invalid, Refused, Unavailable
from handlers.batch import in_halves
from handlers.outcomes import AlreadyDone, Done, Failed, Outcome
from store.translate import translated
from streams.app import build_app, client_id, run_worker, serve
from streams.door import Door, Raw, Reject
from streams.offsets import prime_offsets
from streams.watchdog import Watchdog

SUBJECT = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Plan:
    """What the test asked for. Times are in seconds."""

    topic: str
    group: str
    bootstrap: str
    dsn: str
    folder: str
    batch: int = 20
    buffer: int = 4096
    pause: float = 0.0
    session: float = 4.0
    prime: bool = True
    patience: float = 0.0
    agent: str = "door"

    def said(self, flag: str) -> bool:
        return (Path(self.folder) / flag).exists()


class Desk:
    """The handler: every attempt is counted for itself; the effect and the tally of effects are one transaction."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._connection: asyncpg.Connection | None = None

    async def handle(self, items: Sequence[str]) -> Sequence[Outcome]:
        if self._plan.said("away"):
            raise Unavailable("database-unavailable", "数据库暂不可用")
        if self._plan.said("stuck"):
            await asyncio.sleep(600)
        return await in_halves(self._handle, items)

    async def _handle(self, items: Sequence[str]) -> Sequence[Outcome]:
        if any(item.startswith("crash") for item in items):
            raise ZeroDivisionError
        with translated():
            connection = await self._connected()
            await connection.executemany(
                "INSERT INTO door_attempts (grp, item) VALUES ($1, $2) "
                "ON CONFLICT (grp, item) DO UPDATE SET n = door_attempts.n + 1",
                [(self._plan.group, item) for item in items],
            )
            await asyncio.sleep(self._plan.pause)
            new = await self._effects([item for item in items if not item.startswith("refuse")])
        return [self._outcome(item, new) for item in items]

    async def _effects(self, items: Sequence[str]) -> set[str]:
        connection = await self._connected()
        async with connection.transaction():
            rows = await connection.fetch(
                "INSERT INTO door_effects (grp, item) SELECT $1, unnest($2::text[]) "
                "ON CONFLICT DO NOTHING RETURNING item",
                self._plan.group,
                list(items),
            )
            await connection.execute(
                "INSERT INTO door_tally (grp, n) VALUES ($1, $2) "
                "ON CONFLICT (grp) DO UPDATE SET n = door_tally.n + excluded.n",
                self._plan.group,
                len(rows),
            )
        return {row["item"] for row in rows}

    def _outcome(self, item: str, new: set[str]) -> Outcome:
        if item.startswith("refuse"):
            return Failed(Refused("wrong-state", "状态不允许"))
        return Done(SUBJECT) if item in new else AlreadyDone(SUBJECT)

    async def reject(self, rejects: Sequence[Reject]) -> None:
        with translated():
            connection = await self._connected()
            await connection.executemany(
                "INSERT INTO door_rejects VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
                [(self._plan.group, r.raw.partition, r.raw.offset, r.item, r.code, r.raw.value) for r in rejects],
            )

    async def _connected(self) -> asyncpg.Connection:
        if self._connection is None or self._connection.is_closed():
            self._connection = await asyncpg.connect(self._plan.dsn, timeout=5, command_timeout=10)
        return self._connection


def parse(raw: Raw) -> Sequence[str]:
    try:
        items = json.loads(raw.value or b"")
    except ValueError as error:
        raise Invalid("json-invalid", "格式错误") from error
    if not isinstance(items, list):
        raise Invalid("json-invalid", "格式错误")
    return [str(item) for item in items]


class Careless:
    """Agents as one might write them without a door. Each loses something; that is what the tests must notice."""

    def __init__(self, plan: Plan, desk: Desk) -> None:
        self._plan = plan
        self._desk = desk

    async def ack_first(self, stream: Any) -> None:
        async for events in stream.noack_take(self._plan.batch, within=0.05):
            for event in events:
                await stream.ack(event)
            await self._handle([event.value for event in events])

    async def take(self, stream: Any) -> None:
        async for values in stream.take(self._plan.batch, within=0.05):
            await self._handle(values)

    async def noack_take(self, stream: Any) -> None:
        async for events in stream.noack_take(self._plan.batch, within=0.05):
            await self._handle([event.value for event in events])
            for event in events:
                await stream.ack(event)

    async def two_at_a_time(self, stream: Any) -> None:
        async for value in stream:
            if b"slow" in value:
                await asyncio.sleep(600)
            await self._handle([value])

    async def _handle(self, values: Sequence[bytes]) -> None:
        await self._desk.handle([str(item) for value in values for item in json.loads(value)])


def main() -> int:
    plan = Plan(**json.loads(sys.argv[1]))
    if plan.prime:
        prime_offsets(plan.bootstrap, plan.group, [plan.topic])
    app = build_app(
        plan.group,
        plan.bootstrap,
        Path(plan.folder),
        session_timeout=plan.session,
        request_timeout=6.0,
        buffer=plan.buffer,
    )
    desk = Desk(plan)
    door = Door("test", parse, desk.handle, desk.reject, batch=plan.batch)
    if plan.agent == "door":
        serve(app, door, plan.topic)
    else:
        source = app.topic(plan.topic, key_serializer="raw", value_serializer="raw", value_type=bytes)
        workers = 2 if plan.agent == "two_at_a_time" else 1
        app.agent(source, name="careless", concurrency=workers)(getattr(Careless(plan, desk), plan.agent))
    if plan.patience:
        Watchdog(
            plan.bootstrap,
            plan.group,
            [plan.topic],
            client_id(plan.group),
            excused_until=lambda: door.excused_until,
            patience=plan.patience,
            every=0.5,
        ).start()
    return run_worker(app)


if __name__ == "__main__":
    sys.exit(main())
