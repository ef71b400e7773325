"""Whose fault it is: an absent database is waited for, a value that cannot be sent is not."""

import asyncio

import asyncpg
import pytest

from domain.errors import Unavailable
from domain.ids import CaseId
from handlers.accept import accept_many, fingerprint
from handlers.file import file_many
from handlers.outcomes import AlreadyDone
from handlers.ports import Office, new_id
from store.pool import Pool, connect
from store.translate import translated
from tests.demo_city import (
    a_call,
    accepted,
    an_office,
)
from tests.wire import wire


async def count(pool: Pool, what: str, *values: object) -> int:
    found: int = await pool.fetchval(f"SELECT count(*) FROM {what}", *values)  # noqa: S608  (our own words)
    return found


async def test_a_value_that_cannot_be_sent_is_a_fault_and_not_an_absence(office: Office) -> None:
    """Taken for an absence it would be tried again for ever, and its partition with it."""
    with pytest.raises(asyncpg.DataError):
        async with office.store.unit() as unit:
            await unit.cases.serials(2**40)


async def test_a_line_that_is_about_to_die_is_an_absence(fresh_dsn: str) -> None:
    """A server that shuts down says so while nobody asks; a question between this word and the end confuses asyncpg."""
    async with wire(fresh_dsn) as line:
        own = await connect(line.dsn, size=1, application="tests")
        try:
            async with own.acquire() as connection:
                line.say_goodbye()
                await asyncio.sleep(0.05)
                with pytest.raises(Unavailable), translated():
                    await connection.fetchval("SELECT 1")
        finally:
            own.terminate()


async def test_an_absent_database_is_unavailable_and_comes_back(fresh_dsn: str) -> None:
    async with wire(fresh_dsn) as line:
        own = await connect(line.dsn, size=2, application="tests")
        try:
            office = an_office(own)
            await accepted(office, a_call())
            await line.cut()
            for _ in range(3):
                with pytest.raises(Unavailable, match="database-unavailable"):
                    await accept_many(office, [a_call()])
            await line.join()
            await accepted(office, a_call())
        finally:
            own.terminate()


async def test_nothing_of_a_batch_is_left_when_the_line_breaks_in_its_middle(fresh_dsn: str, pool: Pool) -> None:
    ticket = a_call()

    async def interrupted(office: Office) -> None:
        async with office.store.unit() as unit:
            await unit.reports.let_in([ticket], [fingerprint(ticket)])
            await line.cut()

    async with wire(fresh_dsn) as line:
        own = await connect(line.dsn, size=1, application="tests")
        try:
            with pytest.raises(Unavailable):
                await interrupted(an_office(own))
        finally:
            own.terminate()
    assert await count(pool, "reports WHERE id = $1", ticket.id) == 0
    assert await count(pool, "events WHERE subject = $1", ticket.id) == 0


async def test_a_report_filed_by_nobody_stays_unfiled_and_an_unknown_one_is_passed_over(office: Office) -> None:
    unknown = new_id()
    assert await file_many(office, [unknown]) == [AlreadyDone(unknown)]
    async with office.store.unit() as unit:
        assert await unit.cases.load([CaseId(new_id())]) == {}
        assert await unit.cases.serials(0) == []
