"""The common road for every verb on an existing case: lock, load, decide, save, announce."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import NAMESPACE_OID, UUID, uuid5

from domain.case import Case
from domain.commands import Command
from domain.errors import CityloopError, NotFound, Refused
from domain.events import Event
from domain.ids import CaseId
from domain.lifecycle import decide
from domain.policy import Policy
from handlers.outcomes import AlreadyDone, Done, Failed, Outcome
from handlers.ports import Office
from store.cases import Answer
from store.unit import Unit


@dataclass(frozen=True, slots=True)
class Request:
    """A command, and the client's Idempotency-Key with the fingerprint of what it asked, if it sent one."""

    command: Command
    key: str | None = None
    fingerprint: bytes = b""


class Docket:
    """The cases of one unit of work: decides commands on them one after another and saves them all at the end."""

    def __init__(self, cases: dict[CaseId, Case], unit: Unit, policy: Policy) -> None:
        self._cases = cases
        self._unit = unit
        self._policy = policy
        self._stored = dict(cases)
        self._events: list[Event] = []
        self._changed: dict[CaseId, None] = {}

    def __getitem__(self, case: CaseId) -> Case:
        return self._cases[case]

    def apply(self, command: Command) -> Outcome:
        """Decide one command on the docket's current state of its case."""
        case = self._cases.get(command.case) if command.case else None
        if command.case is not None and case is None:
            return Failed(NotFound("case"))
        try:
            decision = decide(case, command, self._unit.at, self._policy)
        except CityloopError as error:
            return Failed(error)
        after = decision.case
        if not decision.events:
            return AlreadyDone(after.id, after.version)
        self._cases[after.id] = after
        self._changed[after.id] = None
        self._events.extend(decision.events)
        return Done(after.id, after.version)

    async def save(self) -> None:
        """Write every changed case and every event, in a handful of statements for the whole docket."""
        old = [(self._stored[case], self._cases[case]) for case in self._changed if case in self._stored]
        new = [self._cases[case] for case in self._changed if case not in self._stored]
        if new:
            await self._unit.cases.add(new)
        if old:
            await self._unit.cases.save(old)
        if self._events:
            await self._unit.events.append(self._events)


async def perform_many(office: Office, requests: Sequence[Request]) -> list[Outcome]:
    """Carry out a batch of commands on existing cases in one transaction; one outcome each, in order.

    A command refused by the law fails alone. A repeated Idempotency-Key is answered from memory, also when the case
    has moved on since. Raises ``Unavailable`` if the database is away.
    """
    ids = [request.command.case for request in requests if request.command.case is not None]
    keyed = [(r.command.actor.id, r.key) for r in requests if r.key is not None]
    async with office.store.unit(lock=[*ids, *map(_key_lock, keyed)]) as unit:
        answered = await unit.cases.answers(keyed) if keyed else {}
        docket = Docket(await unit.cases.load(ids), unit, office.advisers.policy)
        outcomes: list[Outcome] = []
        for request in requests:
            before = answered.get((request.command.actor.id, request.key)) if request.key else None
            outcome = _repeat(before, request) if before else docket.apply(request.command)
            if before is None and request.key and isinstance(outcome, Done):
                answer = _answer(request, request.key, outcome)
                answered[answer.client, answer.key] = answer
            outcomes.append(outcome)
        await docket.save()
        fresh = [_answer(r, r.key, o) for r, o in zip(requests, outcomes, strict=True) if r.key and isinstance(o, Done)]
        if fresh:
            await unit.cases.remember(fresh)
    return outcomes


def _key_lock(key: tuple[str, str]) -> UUID:
    """What two commands under one key wait for, even if they are about different cases."""
    return uuid5(NAMESPACE_OID, "\0".join(key))


def _answer(request: Request, key: str, outcome: Done) -> Answer:
    return Answer(request.command.actor.id, key, request.fingerprint, CaseId(outcome.subject), outcome.version)


def _repeat(before: Answer, request: Request) -> Outcome:
    if before.fingerprint == request.fingerprint:
        return AlreadyDone(before.case, before.version)
    return Failed(Refused("idempotency-key-reused", "同一编号已用于不同内容", "use a new key for a new command"))
