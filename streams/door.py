"""The only loop over Kafka records, and the only ``try`` around it. Every agent is one ``Door`` and a few names.

Bytes in, parsed by us; acknowledged last, after the commit; nothing raises out of it. Redelivery is normal: a handler
and a store of rejects must take the same record twice and do it once.
"""

import logging
import random
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from traceback import format_tb
from typing import Generic, Protocol, TypeVar

from domain.errors import CityloopError, Invalid, Refused, Unavailable
from handlers.outcomes import AlreadyDone, Declined, Done, Failed, Outcome
from streams.raw import Raw, Reject
from streams.source import Source
from streams.tripwire import Tripwire

__all__ = ["Count", "Door", "Meter", "Raw", "Reject", "TooManyUnexpected"]

log = logging.getLogger(__name__)

T = TypeVar("T")
R = TypeVar("R")

UNEXPECTED = "unexpected"
"""Code of a reject that no rule of ours foresaw."""

_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 5.0


class Count(StrEnum):
    """What a door counts."""

    RECORDS = "records"
    DONE = "done"
    ALREADY_DONE = "already_done"
    REFUSED = "refused"
    INVALID = "invalid"
    UNEXPECTED = "unexpected"
    REJECTED = "rejected"
    RETRIES = "retries"


class Meter(Protocol):
    """Told what happens at a door; must be quick and must not raise."""

    def count(self, door: str, what: Count, number: int) -> None:
        """So many more: records, items for the kinds of outcome, rejects, or attempts that found a neighbour away."""

    def took(self, door: str, seconds: float) -> None:
        """One batch from its first record in hand to its acknowledgement."""


class NoMeter:
    """Counts nothing."""

    def count(self, door: str, what: Count, number: int) -> None:
        """Do nothing."""

    def took(self, door: str, seconds: float) -> None:
        """Do nothing."""


class TooManyUnexpected(Exception):
    """More unexpected errors than accident explains: the worker stops before it rejects what is not at fault."""


class LetGo(Exception):
    """The batch in hand must be left unfinished: its partitions are being taken away, or the worker stops."""


@dataclass(slots=True)
class Door(Generic[T]):
    """One way in: how its records are understood, what is done with them, and where the unusable ones go.

    ``parse`` turns a record into its items and raises ``Invalid``. ``handle`` gives one outcome an item, in order, and
    raises ``Unavailable`` when a neighbour is away. ``reject`` returns when the rejects are durable. ``batch`` is the
    most records handled at once; ``within`` is how many seconds a record may wait for company.
    """

    name: str
    parse: Callable[[Raw], Sequence[T]]
    handle: Callable[[Sequence[T]], Awaitable[Sequence[Outcome | Declined]]]
    reject: Callable[[Sequence[Reject]], Awaitable[None]]
    batch: int = 500
    within: float = 0.005
    meter: Meter = field(default_factory=NoMeter)
    tripwire: Tripwire = field(default_factory=Tripwire)
    excused_until: float = float("-inf")
    """Monotonic time up to which it waits, or last waited, for a neighbour: patience, which is not a stall."""

    async def run(self, source: Source) -> None:
        """Work until cancelled or the source ends. At what nobody foresaw the worker ends and this returns.

        Raises nothing of its own: Faust would start the loop anew behind the batch that was in hand, and lose it.
        """
        while True:
            taken = await source.take(self.batch, self.within)
            start = time.perf_counter()
            try:
                await self._work(taken.raws, source)
                taken.finish()
                self.meter.took(self.name, time.perf_counter() - start)
            except LetGo:
                log.info("door %s: lets an unfinished batch go", self.name)
                taken.drop()
            except Exception as reason:
                log.critical("door %s: %s: %s; the worker stops", self.name, type(reason).__name__, reason)
                taken.drop()
                await source.fail(reason)
                return

    async def _work(self, raws: Sequence[Raw], source: Source) -> None:
        """Return when every effect of these records is durable."""
        items, owners, rejects = self._understand(raws)
        outcomes = await self._insist(lambda: self._handled(items), source) if items else []
        for (raw, position), outcome in zip(owners, outcomes, strict=True):
            if isinstance(outcome, Failed):
                rejects.append(_rejected(raw, position, outcome.error))
        self._judge(len(items), outcomes, rejects)
        if rejects:
            await self._insist(lambda: self._kept(rejects), source)
            self._count(Count.REJECTED, len(rejects))
        self._count(Count.RECORDS, len(raws))

    def _understand(self, raws: Sequence[Raw]) -> tuple[list[T], list[tuple[Raw, int]], list[Reject]]:
        """The items of all records, whose each one is, and the records nobody can read."""
        items: list[T] = []
        owners: list[tuple[Raw, int]] = []
        rejects: list[Reject] = []
        for raw in raws:
            try:
                found = self.parse(raw)
            except Exception as error:  # a parser's own fault is that record's reject, not its neighbours'
                rejects.append(_rejected(raw, 0, error))
                continue
            items.extend(found)
            owners.extend((raw, position) for position in range(len(found)))
        return items, owners, rejects

    async def _handled(self, items: Sequence[T]) -> Sequence[Outcome | Declined]:
        try:
            outcomes = await self.handle(items)
            if len(outcomes) != len(items):
                raise RuntimeError(f"handler of door {self.name}: {len(items)} items, {len(outcomes)} outcomes")
        except Unavailable:
            raise
        except Exception as error:  # handlers isolate a culprit themselves; this one could not, so all are suspect
            return [Failed(error)] * len(items)
        for outcome in outcomes:
            if isinstance(outcome, Failed) and isinstance(outcome.error, Unavailable):
                raise outcome.error
        return outcomes

    async def _kept(self, rejects: Sequence[Reject]) -> None:
        try:
            await self.reject(rejects)
        except Unavailable:
            raise
        except Exception as error:  # what cannot be kept must not be acknowledged, and trying again will not help
            raise TooManyUnexpected(f"rejects cannot be stored ({type(error).__name__})") from error

    def _judge(self, items: int, outcomes: Sequence[Outcome | Declined], rejects: Sequence[Reject]) -> None:
        """Count, and raise ``TooManyUnexpected`` at the limit: before the rejects are stored, so none is at fault."""
        self._count(Count.DONE, sum(isinstance(outcome, Done) for outcome in outcomes))
        self._count(Count.ALREADY_DONE, sum(isinstance(outcome, AlreadyDone) for outcome in outcomes))
        errors = [outcome.error for outcome in outcomes if isinstance(outcome, Failed)]
        declined = sum(isinstance(outcome, Declined) for outcome in outcomes)
        self._count(Count.REFUSED, declined + sum(isinstance(error, Refused) for error in errors))
        unexpected = [reject for reject in rejects if reject.code == UNEXPECTED]
        for reject in unexpected:
            log.error("door %s: unexpected %s at %s", self.name, reject.reason, reject.raw.address)
        self._count(Count.UNEXPECTED, len(unexpected))
        unreadable = len(rejects) - len(errors)
        invalid = len(rejects) - len(unexpected) - sum(isinstance(error, Refused) for error in errors)
        self._count(Count.INVALID, invalid)
        if self.tripwire.trips(len(unexpected), items + unreadable - len(unexpected)):
            raise TooManyUnexpected(f"too many unexpected errors, the last at {unexpected[-1].raw.address}")

    async def _insist(self, attempt: Callable[[], Awaitable[R]], source: Source) -> R:
        """Try until it goes through. Order is kept and lag is the alarm. Raises ``LetGo`` when interrupted."""
        pauses = _pauses()
        while True:
            try:
                return await attempt()
            except Unavailable as error:
                self._count(Count.RETRIES, 1)
                log.warning("door %s: waits, %s", self.name, error.code)
            pause = next(pauses)
            self.excused_until = time.monotonic() + pause
            if await source.interrupted(pause):
                raise LetGo

    def _count(self, what: Count, number: int) -> None:
        if number:
            self.meter.count(self.name, what, number)


def _rejected(raw: Raw, item: int, error: Exception) -> Reject:
    """Ours say what is wrong without repeating what a person wrote. Others say only their kind, and a traceback."""
    if isinstance(error, (Invalid, Refused)):
        faults = [f"{fault.pointer} {fault.code} {fault.hint}".rstrip() for fault in error.faults]
        reason = "; ".join([str(error), *faults])
        return Reject(raw, error.code, reason, item=item)
    code = error.code if isinstance(error, CityloopError) else UNEXPECTED
    # where it happened, and not what it said: messages of libraries quote values, and values may be people's
    return Reject(raw, code, type(error).__name__, "".join(format_tb(error.__traceback__)), item)


def _pauses() -> Iterator[float]:
    """Seconds between attempts: doubling up to the cap, with jitter so that workers do not knock in step."""
    dice = random.SystemRandom()
    pause = _FIRST_PAUSE
    while True:
        yield pause * dice.uniform(0.5, 1.0)
        pause = min(pause * 2, _LONGEST_PAUSE)
