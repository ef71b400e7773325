"""The hub of the live streams by itself: bounded, patient with nobody, and gone when its client is gone."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import cast
from uuid import UUID

import pytest

from api.live import Hub, Wish, parsed_position
from domain.errors import Invalid, Refused, Unavailable
from store.views import Position, Scope, StreamEntry, Views


def an_entry(n: int, **changes: str | None) -> StreamEntry:
    given = {
        "area": "city/east/",
        "unit": "roads",
        "category": "c:event:1",
        "state": "disposing",
        "type": "case.accepted",
    }
    given |= changes  # type: ignore[operator]
    return StreamEntry(
        Position(n, n), UUID(int=n), f"YH-{n}", n, str(given["type"]), datetime(2026, 11, 16, tzinfo=UTC),
        str(given["area"]), given["unit"], given["category"], str(given["state"]),
    )  # fmt: skip


@dataclass(slots=True)
class Record:
    """The events as the views would give them."""

    entries: list[StreamEntry] = field(default_factory=list)
    away: bool = False

    async def stream(self, position: Position, scope: Scope, limit: int) -> list[StreamEntry]:
        if self.away:
            raise Unavailable("database-unavailable", "数据库暂不可用")
        return [entry for entry in self.entries if entry.position > position][:limit]

    async def stream_end(self) -> Position:
        return self.entries[-1].position if self.entries else Position()

    def happens(self, *numbers: int) -> None:
        self.entries += map(an_entry, numbers)


@asynccontextmanager
async def following(record: Record, limit: int = 1000) -> AsyncIterator[Hub]:
    hub = Hub(cast("Views", record), limit)
    await hub.start()
    await asyncio.sleep(0.01)
    try:
        yield hub
    finally:
        await hub.stop()


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not true():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def ids(frames: AsyncIterator[bytes], number: int) -> list[str]:
    found: list[str] = []
    async with asyncio.timeout(5):
        while len(found) < number:
            frame = await anext(frames)
            found += [line.removeprefix(b"id: ").decode() for line in frame.splitlines() if line.startswith(b"id: ")]
    return found


async def test_from_now_on_means_from_now_on() -> None:
    record = Record()
    record.happens(1, 2)
    async with following(record) as hub:
        frames = await hub.subscribe(Scope(), Wish(), None)
        assert (await anext(frames)).startswith(b"retry:")
        record.happens(3, 4)
        assert await ids(frames, 2) == ["3-3", "4-4"]


async def test_what_happens_during_the_look_back_is_told_once() -> None:
    record = Record()
    record.happens(*range(1, 1200))
    async with following(record) as hub:
        frames = await hub.subscribe(Scope(), Wish(), Position(10, 10))
        first = await ids(frames, 600)
        record.happens(*range(1200, 1300))
        await asyncio.sleep(0.4)  # by now the new ones wait in the queue, and the look-back will meet them too
        rest = await ids(frames, 1299 - 10 - 600)
        record.happens(1300)
        assert first + rest + await ids(frames, 1) == [f"{n}-{n}" for n in range(11, 1301)]


async def test_who_falls_behind_is_dropped_and_told_so_by_the_end_of_the_stream() -> None:
    record = Record()
    async with following(record) as hub:
        slow = await hub.subscribe(Scope(), Wish(), None)
        assert (await anext(slow)).startswith(b"retry:")
        quick = await hub.subscribe(Scope(), Wish(), None)
        assert (await anext(quick)).startswith(b"retry:")
        for start in range(1, 1401, 200):
            record.happens(*range(start, start + 200))
            assert await ids(quick, 200) == [f"{n}-{n}" for n in range(start, start + 200)]
        await until(lambda: hub.subscribers == 1)
        held = [frame async for frame in slow]
        assert len(held) <= 1000, "a client that does not read costs a bounded queue"


async def test_too_many_streams_are_refused_and_one_that_ends_makes_room() -> None:
    async with following(Record(), limit=2) as hub:
        one, two = [await hub.subscribe(Scope(), Wish(), None) for _ in range(2)]
        await anext(one)
        await anext(two)
        with pytest.raises(Refused, match="too-many-streams"):
            await hub.subscribe(Scope(), Wish(), None)
        await one.aclose()  # type: ignore[attr-defined]
        assert hub.subscribers == 1
        await hub.subscribe(Scope(), Wish(), None)


async def test_a_client_that_leaves_before_its_stream_begins_leaves_nothing_behind() -> None:
    async with following(Record()) as hub:
        frames = await hub.subscribe(Scope(), Wish(), None)
        await frames.aclose()  # type: ignore[attr-defined]
        del frames
        await asyncio.sleep(0)
        assert hub.subscribers == 0


async def test_an_absent_database_is_waited_for() -> None:
    record = Record()
    async with following(record) as hub:
        frames = await hub.subscribe(Scope(), Wish(), None)
        await anext(frames)
        record.away = True
        record.happens(1)
        await asyncio.sleep(0.4)
        record.away = False
        assert await ids(frames, 1) == ["1-1"]


async def test_an_error_nobody_foresaw_does_not_end_the_streams_for_good() -> None:
    class Moody(Record):
        moods = 1

        async def stream(self, position: Position, scope: Scope, limit: int) -> list[StreamEntry]:
            if self.entries and self.moods:
                self.moods -= 1
                raise KeyError("no such thing")
            return await Record.stream(self, position, scope, limit)

    record = Moody()
    hub = Hub(cast("Views", record))
    await hub.start()
    await asyncio.sleep(0.01)
    frames = await hub.subscribe(Scope(), Wish(), None)
    await anext(frames)
    record.happens(1)
    try:
        async with asyncio.timeout(3):
            assert await ids(frames, 1) == ["1-1"]
    finally:
        await hub.stop()


async def test_the_end_of_the_hub_is_the_end_of_its_streams() -> None:
    async with following(Record()) as hub:
        frames = await hub.subscribe(Scope(), Wish(), None)
        assert (await anext(frames)).startswith(b"retry:")
    assert [frame async for frame in frames] == []
    assert hub.subscribers == 0


@pytest.mark.parametrize(
    ("wish", "holds"),
    [
        (Wish(), True),
        (Wish(area="city/"), True),
        (Wish(area="city/eas"), True),
        (Wish(area="city/west/"), False),
        (Wish(unit="roads"), True),
        (Wish(unit="parks"), False),
        (Wish(category="c:event:1", state="disposing", type="case.accepted"), True),
        (Wish(state="closed"), False),
        (Wish(type="case.filed"), False),
    ],
)
def test_a_wish_narrows(wish: Wish, holds: bool) -> None:
    assert wish.holds(an_entry(1)) is holds


@pytest.mark.parametrize("text", ["", "1", "1-", "-1", "a-b", "1-2-3", "1" * 20 + "-1", f"{2**63}-1", "1-2 x"])
def test_a_place_nobody_handed_out_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="last-event-id-invalid"):
        parsed_position(text)


def test_a_place_is_written_as_it_is_read() -> None:
    assert parsed_position(str(Position(12, 34))) == Position(12, 34)
    assert parsed_position(f" {2**63 - 1}-{2**63 - 1} ") == Position(2**63 - 1, 2**63 - 1)
