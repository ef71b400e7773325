"""The memory lets work on one case take turns, and work on different cases pass."""

import asyncio
from datetime import UTC, datetime

from handlers.ports import Office, new_id


async def test_two_units_of_work_on_one_case_take_turns(office: Office) -> None:
    subject, other = new_id(), new_id()
    order: list[str] = []
    inside, go_on = asyncio.Event(), asyncio.Event()

    async def first() -> None:
        async with office.store.unit(lock=[subject]):
            inside.set()
            await go_on.wait()
            order.append("first ends")

    async def second() -> None:
        await inside.wait()
        async with office.store.unit(lock=[other, subject]) as unit:
            order.append("second begins")
            assert unit.at > begun

    async def stranger() -> None:
        await inside.wait()
        async with office.store.unit(lock=[new_id()]):
            order.append("a stranger passes")

    begun = datetime.now(UTC)
    tasks = [asyncio.create_task(work()) for work in (first, second, stranger)]
    await asyncio.wait_for(tasks[2], 5)
    await asyncio.sleep(0.1)
    assert order == ["a stranger passes"]
    released = datetime.now(UTC)
    go_on.set()
    await asyncio.wait_for(asyncio.gather(*tasks), 5)
    assert order == ["a stranger passes", "first ends", "second begins"]
    async with office.store.unit(lock=[subject]) as unit:
        assert unit.at >= released


async def test_the_clock_is_read_after_the_wait_for_the_lock(office: Office) -> None:
    subject = new_id()
    ended: list[datetime] = []

    async def slow() -> None:
        async with office.store.unit(lock=[subject]) as unit:
            await asyncio.sleep(0.15)
            ended.append(await unit._connection.fetchval("SELECT clock_timestamp()"))

    task = asyncio.create_task(slow())
    await asyncio.sleep(0.05)
    async with office.store.unit(lock=[subject]) as unit:
        assert unit.at >= ended[0]
    await task


async def test_many_units_of_work_on_overlapping_cases_never_lock_each_other_out(office: Office) -> None:
    cases = [new_id() for _ in range(12)]

    async def work(n: int) -> None:
        chosen = [cases[(n * 5 + k * 7) % 12] for k in range(6)]
        async with office.store.unit(lock=chosen):
            await asyncio.sleep(0.002)

    await asyncio.wait_for(asyncio.gather(*(work(n) for n in range(60))), 20)
