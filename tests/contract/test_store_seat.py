"""The seat: one process at a time follows the events, and who loses its line loses it."""

import asyncio

import pytest

from domain.errors import Unavailable
from handlers.ports import Office
from store.events import Entry, Position
from store.pool import Pool, connect
from store.seat import seat
from tests.demo_city import (
    accepted,
    calls,
)
from tests.wire import wire


async def test_one_process_at_a_time_has_the_seat(pool: Pool) -> None:
    async with seat(pool, "one") as first:
        assert first is not None
        async with seat(pool, "one") as second, seat(pool, "another") as elsewhere:
            assert second is None
            assert elsewhere is not None
    async with seat(pool, "one") as third:
        assert third is not None


async def taken_over(pool: Pool, name: str, entries: list[Entry]) -> None:
    """Another process waits for the seat, finds the same work, and does it."""
    async with asyncio.timeout(10):
        while True:
            async with seat(pool, name) as successor:
                if successor is not None:
                    assert await successor.next(len(entries)) == entries
                    await successor.done(entries)
                    return
            await asyncio.sleep(0.02)


async def test_the_seat_passes_on_when_its_holders_line_breaks(fresh_dsn: str, pool: Pool, office: Office) -> None:
    await accepted(office, *calls(5))
    unfinished: list[Entry] = []

    async def hold(own: Pool) -> None:
        async with seat(own, "frail") as holder:
            assert holder is not None
            await holder.done(await holder.next(2))
            unfinished.extend(await holder.next(2))
            await line.cut()
            await taken_over(pool, "frail", unfinished)
            # whoever lost the line lost the seat with it, and cannot move the mark any more
            await holder.done(unfinished)

    async with wire(fresh_dsn) as line:
        own = await connect(line.dsn, size=2, application="tests-holder")
        try:
            with pytest.raises(Unavailable):
                await hold(own)
        finally:
            own.terminate()
    async with seat(pool, "frail") as third:
        assert third is not None
        assert (await third.next(1))[0].position > unfinished[-1].position


async def test_a_holder_that_loses_its_backend_cannot_note_anything(pool: Pool, office: Office) -> None:
    await accepted(office, *calls(2))
    entries: list[Entry] = []

    async def hold() -> None:
        async with seat(pool, "shot") as holder:
            assert holder is not None
            entries.extend(await holder.next(1))
            await pool.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_locks WHERE locktype = 'advisory' AND granted"
                " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            )
            await asyncio.sleep(0.05)
            await holder.done(entries)

    with pytest.raises(Unavailable):
        await hold()
    await taken_over(pool, "shot", entries)


async def test_a_database_restored_from_another_cluster_is_noticed(pool: Pool, office: Office) -> None:
    async with office.store.unit() as unit:
        await unit.events.move("restored", Position(2**40, 1))
    with pytest.raises(Unavailable, match="timeline-broken"):
        async with seat(pool, "restored"):
            pass
    async with seat(pool, "restored-not") as fine:
        assert fine is not None
