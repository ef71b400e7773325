"""Requests that meet share one transaction; nobody waits for company, nobody is forgotten, nobody pays for another."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import pytest

from api.batcher import Batcher
from api.twins import Twins
from domain.errors import NotFound, Refused, Unavailable
from handlers.outcomes import AlreadyDone, Done, Failed, Outcome


def subject(n: int) -> UUID:
    return UUID(int=n)


@dataclass(slots=True)
class Handler:
    """Notes the batches it is given and answers when it is let go."""

    gate: asyncio.Event = field(default_factory=asyncio.Event)
    batches: list[list[int]] = field(default_factory=list)
    at_once: int = 0
    most: int = 0
    answer: Callable[[int], Outcome] = lambda n: Done(subject(n))

    async def __call__(self, items: Sequence[int]) -> Sequence[Outcome]:
        self.batches.append(list(items))
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        try:
            await self.gate.wait()
        finally:
            self.at_once -= 1
        return [self.answer(n) for n in items]


def opened(**more: Callable[[int], Outcome]) -> Handler:
    handler = Handler(**more)
    handler.gate.set()
    return handler


async def soon(awaitable: Awaitable[object]) -> object:
    return await asyncio.wait_for(awaitable, 5)


async def turns(number: int = 5) -> None:
    """Let everybody else go on for a few rounds."""
    for _ in range(number):
        await asyncio.sleep(0)


async def test_a_lone_request_waits_for_nobody() -> None:
    handler = opened()
    assert await soon(Batcher(handler).submit(7)) == Done(subject(7))
    assert handler.batches == [[7]]


async def test_those_who_come_while_a_transaction_runs_share_the_next() -> None:
    handler = Handler()
    batcher = Batcher(handler, lanes=1)
    first = asyncio.create_task(batcher.submit(0))
    await turns()
    crowd = [asyncio.create_task(batcher.submit(n)) for n in range(1, 6)]
    await turns()
    assert handler.batches == [[0]]
    handler.gate.set()
    assert await soon(asyncio.gather(first, *crowd)) == [Done(subject(n)) for n in range(6)]
    assert handler.batches == [[0], [1, 2, 3, 4, 5]]


async def test_a_batch_and_the_lanes_are_bounded() -> None:
    handler = Handler()
    batcher = Batcher(handler, batch=3, lanes=2)
    crowd = [asyncio.create_task(batcher.submit(n)) for n in range(20)]
    await turns()
    handler.gate.set()
    assert await soon(asyncio.gather(*crowd)) == [Done(subject(n)) for n in range(20)]
    assert max(map(len, handler.batches)) == 3
    assert handler.most == 2
    assert sorted(n for batch in handler.batches for n in batch) == list(range(20))


async def test_each_gets_its_own_answer() -> None:
    answers: dict[int, Outcome] = {0: Done(subject(0), 4), 1: AlreadyDone(subject(9), 2), 2: Failed(NotFound("case"))}
    handler = Handler(answer=lambda n: answers[n])
    batcher = Batcher(handler, lanes=1)
    asked = [asyncio.create_task(batcher.submit(n)) for n in (0, 1, 2)]
    await turns()
    handler.gate.set()
    done, repeated, missing = await asyncio.gather(*asked, return_exceptions=True)
    assert done == Done(subject(0), 4)
    assert repeated == AlreadyDone(subject(9), 2)
    assert isinstance(missing, NotFound)


async def test_one_that_breaks_the_batch_fails_alone() -> None:
    async def fragile(items: Sequence[int]) -> Sequence[Outcome]:
        await asyncio.sleep(0)
        if 3 in items:
            raise KeyError("three")
        return [Done(subject(n)) for n in items]

    batcher = Batcher(fragile, lanes=1)
    answers = await asyncio.gather(*(batcher.submit(n) for n in range(6)), return_exceptions=True)
    assert [type(answer) for answer in answers] == [Done, Done, Done, KeyError, Done, Done]


async def test_a_database_that_is_away_is_told_to_all_and_forgotten() -> None:
    away = True

    async def run(items: Sequence[int]) -> Sequence[Outcome]:
        if away:
            raise Unavailable("database-unavailable", "数据库暂不可用")
        return [Done(subject(n)) for n in items]

    batcher = Batcher(run)
    answers = await asyncio.gather(*(batcher.submit(n) for n in range(4)), return_exceptions=True)
    assert [getattr(answer, "code", None) for answer in answers] == ["database-unavailable"] * 4
    away = False
    assert await soon(batcher.submit(5)) == Done(subject(5))


async def test_above_its_room_it_refuses_at_once_and_keeps_those_it_has() -> None:
    handler = Handler()
    # a batch of two is taken for a quarter of a second at first: three may wait where nobody shall wait 0.4 s
    batcher = Batcher(handler, batch=2, lanes=1, patience=0.4)
    inside = [asyncio.create_task(batcher.submit(n)) for n in range(2)]
    await turns()
    waiting = [asyncio.create_task(batcher.submit(n)) for n in range(2, 5)]
    await turns()
    with pytest.raises(Unavailable, match="busy"):
        await soon(batcher.submit(5))
    handler.gate.set()
    assert await soon(asyncio.gather(*inside, *waiting)) == [Done(subject(n)) for n in range(5)]
    assert await soon(batcher.submit(6)) == Done(subject(6))


async def test_who_is_in_danger_goes_first_and_finds_room_where_others_do_not() -> None:
    handler = Handler()
    batcher = Batcher(handler, batch=2, lanes=1, patience=0.4, first=lambda n: n >= 100)
    inside = [asyncio.create_task(batcher.submit(n)) for n in range(2)]
    await turns()
    waiting = [asyncio.create_task(batcher.submit(n)) for n in range(2, 5)]
    await turns()
    with pytest.raises(Unavailable, match="busy"):
        await soon(batcher.submit(5))
    urgent = [asyncio.create_task(batcher.submit(n)) for n in (100, 101)]
    await turns()
    with pytest.raises(Unavailable, match="busy"):
        await soon(batcher.submit(102))
    handler.gate.set()
    await soon(asyncio.gather(*inside, *waiting, *urgent))
    assert handler.batches == [[0, 1], [100, 101], [2, 3], [4]]


async def test_who_can_wait_longer_finds_more_room() -> None:
    handler = Handler()
    batcher = Batcher(handler, batch=2, lanes=1, patience=0.25)
    inside = [asyncio.create_task(batcher.submit(n)) for n in range(2)]
    await turns()
    waiting = [asyncio.create_task(batcher.submit(n)) for n in range(2, 4)]
    await turns()
    with pytest.raises(Unavailable, match="busy"):
        await soon(batcher.submit(4))
    patient = asyncio.create_task(batcher.submit(5, patience=1.0))
    await turns()
    handler.gate.set()
    assert await soon(patient) == Done(subject(5))
    await soon(asyncio.gather(*inside, *waiting))


async def test_a_client_that_hangs_up_harms_nobody_and_its_request_takes_effect() -> None:
    handler = Handler()
    batcher = Batcher(handler, lanes=1)
    first = asyncio.create_task(batcher.submit(0))
    await turns()
    gone, stays = asyncio.create_task(batcher.submit(1)), asyncio.create_task(batcher.submit(2))
    await turns()
    gone.cancel()
    handler.gate.set()
    assert await soon(asyncio.gather(first, stays)) == [Done(subject(0)), Done(subject(2))]
    assert handler.batches == [[0], [1, 2]]
    with pytest.raises(asyncio.CancelledError):
        await gone


@pytest.mark.parametrize("lanes", [1, 2, 3])
async def test_a_client_that_asks_again_at_once_is_not_forgotten(lanes: int) -> None:
    """The answer wakes the client while its lane is about to end: a lane that is ending takes no one in."""
    handler = Handler()
    batcher = Batcher(handler, lanes=lanes, batch=1)

    async def asks_again() -> object:
        await batcher.submit(0)
        return await batcher.submit(1)

    again = asyncio.create_task(asks_again())
    others = [asyncio.create_task(batcher.submit(n + 2)) for n in range(lanes - 1)]
    await turns()
    handler.gate.set()  # all lanes end in the same moment
    await asyncio.gather(*others)
    assert await asyncio.wait_for(again, 0.5) == Done(subject(1))


async def test_many_clients_that_ask_again_and_again_all_get_through() -> None:
    async def run(items: Sequence[int]) -> Sequence[Outcome]:
        await asyncio.sleep(0)
        return [Done(subject(n)) for n in items]

    batcher = Batcher(run, batch=7, lanes=2)

    async def client() -> None:
        for n in range(50):
            assert await batcher.submit(n) == Done(subject(n))
            await asyncio.sleep(0)

    await asyncio.wait_for(asyncio.gather(*(client() for _ in range(20))), 10)


async def test_a_handler_that_miscounts_leaves_no_client_waiting() -> None:
    async def forgetful(items: Sequence[int]) -> Sequence[Outcome]:
        await asyncio.sleep(0)
        return [Done(subject(n)) for n in items[1:]]

    batcher = Batcher(forgetful, lanes=1)
    asked = [asyncio.create_task(batcher.submit(n)) for n in range(3)]
    _, waiting = await asyncio.wait(asked, timeout=0.5)
    for task in waiting:
        task.cancel()
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert not waiting
    assert not any(isinstance(answer, Done) for answer in answers)


async def test_the_second_of_two_like_requests_waits_for_the_first_and_gets_the_same_answer() -> None:
    handler = Handler()
    batcher: Batcher[int] = Batcher(handler, key=lambda n: n)
    twins = [asyncio.create_task(batcher.submit(7)) for _ in range(3)]
    await turns()
    assert handler.batches == [[7]], "the others are not carried while the first is"
    handler.gate.set()
    assert await soon(asyncio.gather(*twins)) == [Done(subject(7))] * 3


async def test_a_twin_of_one_that_takes_long_is_told_that_it_is_under_way() -> None:
    twins = Twins(wait=0.05)
    async with twins.alone("key"):
        with pytest.raises(Refused, match="idempotency-in-progress"):
            async with twins.alone("key"):
                pytest.fail("two at once")
        async with twins.alone("another"):
            pass
    async with twins.alone("key"):
        pass


async def test_a_request_that_failed_or_was_given_up_lets_go_of_its_key() -> None:
    twins = Twins(wait=0.05)
    with pytest.raises(ValueError, match="broken"):
        async with twins.alone("key"):
            raise ValueError("broken")
    async with twins.alone("key"):
        pass
