"""What a door does with each kind of record, outcome and error. The broker is played by a list."""

import asyncio
import logging
from collections.abc import Sequence
from uuid import UUID

import pytest

from domain.errors import Fault, Invalid, Refused, Unavailable
from handlers.outcomes import AlreadyDone, Declined, Done, Failed, Outcome
from streams.damping import Damped
from streams.door import Count, Door, Raw, Reject, TooManyUnexpected
from streams.offsets import Standing
from streams.tripwire import Tripwire
from streams.watchdog import Progress

SUBJECT = UUID(int=7)


def raw(value: bytes, offset: int = 0) -> Raw:
    return Raw("reports", 2, offset, b"key", (("schema", b"v1"),), value, 1_700_000_000_000)


class Batch:
    def __init__(self, raws: Sequence[Raw]) -> None:
        self.raws = raws
        self.became = ""

    def finish(self) -> None:
        assert not self.became
        self.became = "finished"

    def drop(self) -> None:
        self.became = self.became or "dropped"


class ListSource:
    """Gives the batches one by one, then ends; interrupts a wait when it is told to."""

    def __init__(self, *batches: Sequence[bytes], interrupt: bool = False) -> None:
        self.batches = [Batch([raw(value, offset) for offset, value in enumerate(batch)]) for batch in batches]
        self.failure: Exception | None = None
        self._rest = iter(self.batches)
        self._interrupt = interrupt

    async def take(self, most: int, within: float) -> Batch:
        for batch in self._rest:
            return batch
        raise asyncio.CancelledError

    async def interrupted(self, seconds: float) -> bool:
        assert 0 < seconds <= 5
        return self._interrupt

    async def fail(self, reason: Exception) -> None:
        self.failure = reason


class Counter:
    def __init__(self) -> None:
        self.counts: dict[Count, int] = {}

    def count(self, door: str, what: Count, number: int) -> None:
        self.counts[what] = self.counts.get(what, 0) + number

    def took(self, door: str, seconds: float) -> None:
        assert seconds >= 0


class Desk:
    """Parses a comma-separated record; each word asks for its own fate. ``away`` so many attempts fail first."""

    def __init__(self, away: int = 0, rejects_away: int = 0) -> None:
        self.away = away
        self.rejects_away = rejects_away
        self.handled: list[list[str]] = []
        self.rejected: list[Reject] = []

    def parse(self, raw: Raw) -> Sequence[str]:
        text = (raw.value or b"").decode()
        if text == "garbage":
            raise Invalid("json-invalid", "格式错误", faults=(Fault("/when", "timestamp-no-offset"),))
        if text == "bug":
            raise KeyError("what a person wrote")
        return text.split(",") if text else []

    async def handle(self, items: Sequence[str]) -> Sequence[Outcome | Declined]:
        if self.away:
            self.away -= 1
            raise Unavailable("database-unavailable", "数据库暂不可用")
        if "raise" in items:
            raise ValueError("what a person wrote")
        self.handled.append(list(items))
        if "short" in items:
            return []
        fates: dict[str, Outcome | Declined] = {
            "again": AlreadyDone(SUBJECT),
            "decline": Declined(SUBJECT, "verb-not-allowed"),
            "refuse": Failed(Refused("wrong-state", "状态不允许")),
            "invalid": Failed(Invalid("place-missing", "缺少位置")),
            "crash": Failed(ZeroDivisionError("what a person wrote")),
        }
        if "later" in items and len(self.handled) == 1:
            fates["later"] = Failed(Unavailable("database-unavailable", "数据库暂不可用"))
        return [fates.get(item, Done(SUBJECT)) for item in items]

    async def reject(self, rejects: Sequence[Reject]) -> None:
        if self.rejects_away:
            self.rejects_away -= 1
            raise Unavailable("database-unavailable", "数据库暂不可用")
        self.rejected.extend(rejects)


async def run(desk: Desk, source: ListSource) -> tuple[Door[str], dict[Count, int]]:
    meter = Counter()
    door = Door("test", desk.parse, desk.handle, desk.reject, meter=meter)
    try:
        await door.run(source)
    except asyncio.CancelledError:
        assert source.failure is None
    return door, meter.counts


async def test_good_records_are_handled_together_and_finished() -> None:
    desk, source = Desk(), ListSource([b"a,b", b"again"], [b"c"])
    _, counts = await run(desk, source)
    assert desk.handled == [["a", "b", "again"], ["c"]]
    assert [batch.became for batch in source.batches] == ["finished", "finished"]
    assert counts == {Count.RECORDS: 3, Count.DONE: 3, Count.ALREADY_DONE: 1}


async def test_an_empty_record_has_nothing_to_handle() -> None:
    desk, source = Desk(), ListSource([b""])
    await run(desk, source)
    assert desk.handled == []
    assert source.batches[0].became == "finished"


async def test_each_kind_of_reject() -> None:
    desk, source = Desk(), ListSource([b"garbage", b"a,refuse", b"invalid", b"crash", b"bug"])
    _, counts = await run(desk, source)
    assert [(r.raw.offset, r.item, r.code) for r in desk.rejected] == [
        (0, 0, "json-invalid"),
        (4, 0, "unexpected"),
        (1, 1, "wrong-state"),
        (2, 0, "place-missing"),
        (3, 0, "unexpected"),
    ]
    assert desk.rejected[0].reason == "json-invalid: 格式错误; /when timestamp-no-offset"
    assert [r.reason for r in desk.rejected if r.code == "unexpected"] == ["KeyError", "ZeroDivisionError"]
    assert all(("test_door.py" in r.traceback) == (r.reason == "KeyError") for r in desk.rejected)
    assert source.batches[0].became == "finished"
    assert counts == {
        Count.RECORDS: 5,
        Count.DONE: 1,
        Count.REFUSED: 1,
        Count.INVALID: 2,
        Count.UNEXPECTED: 2,
        Count.REJECTED: 5,
    }


async def test_what_the_law_declined_is_counted_and_is_no_reject() -> None:
    desk, source = Desk(), ListSource([b"decline"])
    _, counts = await run(desk, source)
    assert desk.rejected == []
    assert counts == {Count.RECORDS: 1, Count.REFUSED: 1}


@pytest.mark.parametrize("value", [b"raise", b"short"])
async def test_a_handler_that_breaks_its_contract(value: bytes) -> None:
    desk, source = Desk(), ListSource([value])
    await run(desk, source)
    assert [r.code for r in desk.rejected] == ["unexpected"]
    assert "what a person wrote" not in desk.rejected[0].reason


async def test_an_absent_neighbour_is_waited_for() -> None:
    desk, source = Desk(away=2), ListSource([b"a"])
    door, counts = await run(desk, source)
    assert desk.handled == [["a"]]
    assert counts[Count.RETRIES] == 2
    assert door.excused_until > 0
    assert source.batches[0].became == "finished"


async def test_a_member_that_found_a_neighbour_away_is_tried_again() -> None:
    desk, source = Desk(), ListSource([b"later"])
    await run(desk, source)
    assert desk.handled == [["later"], ["later"]]
    assert desk.rejected == []


async def test_rejects_are_insisted_on_without_handling_twice() -> None:
    desk, source = Desk(rejects_away=3), ListSource([b"a", b"garbage"])
    await run(desk, source)
    assert desk.handled == [["a"]]
    assert len(desk.rejected) == 1


async def test_an_interrupted_wait_lets_the_batch_go() -> None:
    desk, source = Desk(away=1), ListSource([b"a"], [b"b"], interrupt=True)
    await run(desk, source)
    assert [batch.became for batch in source.batches] == ["dropped", "finished"]


async def test_too_many_unexpected_errors_end_the_worker_before_anything_is_rejected() -> None:
    desk, source = Desk(), ListSource([b"crash"] * 20, [b"a"])
    await run(desk, source)
    assert isinstance(source.failure, TooManyUnexpected)
    assert [batch.became for batch in source.batches] == ["dropped", ""]
    assert desk.rejected == []


async def test_rejects_that_cannot_be_kept_end_the_worker() -> None:
    desk, source = Desk(), ListSource([b"garbage"])

    async def broken(rejects: Sequence[Reject]) -> None:
        raise TypeError

    desk.reject = broken  # type: ignore[method-assign]
    await run(desk, source)
    assert isinstance(source.failure, TooManyUnexpected)
    assert source.batches[0].became == "dropped"


async def test_a_fault_of_the_loop_itself_ends_the_worker() -> None:
    """Were it raised, Faust would start the loop anew behind the batch in hand."""

    class BrokenMeter(Counter):
        def count(self, door: str, what: Count, number: int) -> None:
            raise ZeroDivisionError

    desk, source = Desk(), ListSource([b"a"], [b"b"])
    await Door("test", desk.parse, desk.handle, desk.reject, meter=BrokenMeter()).run(source)
    assert isinstance(source.failure, ZeroDivisionError)
    assert [batch.became for batch in source.batches] == ["dropped", ""]


def test_repeated_complaints_of_the_client_are_damped() -> None:
    damped = Damped(quiet=60)

    def passes(level: int, template: str, *arguments: object) -> bool:
        return damped.filter(logging.LogRecord("aiokafka", level, "", 0, template, arguments, None))

    assert [passes(logging.ERROR, "no connection to %s", node) for node in (1, 2, 1)] == [True, False, False]
    assert passes(logging.ERROR, "another matter")
    assert all(passes(logging.INFO, "joined %s", group) for group in ("a", "b"))


class TestTripwire:
    def test_a_few_errors_are_accidents(self) -> None:
        assert not Tripwire().trips(unexpected=19, other=0)

    def test_a_small_share_is_an_accident(self) -> None:
        wire = Tripwire()
        assert not any(wire.trips(unexpected=1, other=4) for _ in range(100))

    def test_a_large_share_trips(self) -> None:
        wire = Tripwire()
        assert any(wire.trips(unexpected=1, other=3) for _ in range(100))

    def test_a_batch_longer_than_the_window(self) -> None:
        assert Tripwire().trips(unexpected=60, other=500)


class TestProgress:
    HERE = ("reports", 0)

    def standing(self, committed: int | None, end: int = 10, earliest: int = 0) -> dict[tuple[str, int], Standing]:
        return {self.HERE: Standing(earliest, end, committed)}

    def look(self, progress: Progress, at: float, committed: int | None, excused: float = 0.0, end: int = 10) -> bool:
        return progress.stalled(at, self.standing(committed, end), excused) == [self.HERE]

    def test_lag_that_does_not_move(self) -> None:
        progress = Progress(patience=60)
        assert not self.look(progress, 0, committed=5)
        assert not self.look(progress, 60, committed=5)
        assert self.look(progress, 61, committed=5)

    def test_a_group_that_never_committed(self) -> None:
        progress = Progress(patience=60)
        self.look(progress, 0, committed=None)
        assert self.look(progress, 61, committed=None)

    def test_any_step_starts_anew(self) -> None:
        progress = Progress(patience=60)
        self.look(progress, 0, committed=5)
        assert not self.look(progress, 61, committed=6)
        assert not self.look(progress, 120, committed=6)

    def test_idle_for_long_then_one_record(self) -> None:
        progress = Progress(patience=60)
        self.look(progress, 0, committed=10)
        assert not self.look(progress, 1000, committed=10)
        assert not self.look(progress, 1005, committed=10, end=11)

    def test_retention_took_what_was_committed(self) -> None:
        assert Standing(earliest=10, end=10, committed=3).lag == 0
        assert Standing(earliest=10, end=10, committed=None).lag == 0

    def test_honest_waiting_is_excused(self) -> None:
        progress = Progress(patience=60)
        self.look(progress, 0, committed=5)
        assert not self.look(progress, 500, committed=5, excused=490)
        assert self.look(progress, 551, committed=5, excused=490)

    def test_what_was_not_observed_is_not_held_against_anybody(self) -> None:
        progress = Progress(patience=60)
        self.look(progress, 0, committed=5)
        progress.forget()
        assert not self.look(progress, 500, committed=5)

    def test_a_partition_given_away_is_forgotten(self) -> None:
        progress = Progress(patience=60)
        self.look(progress, 0, committed=5)
        assert progress.stalled(30, {}, 0) == []
        assert not self.look(progress, 500, committed=5)
