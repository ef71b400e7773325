"""The common road for every verb on an existing case: lock, load, decide, save, announce."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from uuid import UUID

from domain.actor import Role
from domain.attachment import AttachmentId
from domain.case import Case
from domain.commands import Command, Verb
from domain.crowd import Crowd
from domain.errors import NotFound
from domain.ids import CaseId
from handlers.docket import Docket
from handlers.inspect import SENDS, nearest_inspectors
from handlers.outcomes import Done, Failed, Outcome
from handlers.ports import Office
from handlers.repeats import Keyed, Memory, locks
from store.unit import Unit

_ID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class Request:
    """A command, and the client's Idempotency-Key with the fingerprint of what it asked, if it sent one.

    ``partner`` is the other case of a merge or split.
    """

    command: Command
    key: str | None = None
    fingerprint: bytes = b""
    partner: CaseId | None = None

    @property
    def keyed(self) -> Keyed:
        """The command as the memory of answers knows it."""
        return Keyed(self.command.actor.id, self.key, self.fingerprint)


async def perform_many(office: Office, requests: Sequence[Request]) -> list[Outcome]:
    """Carry out a batch of commands on existing cases in one transaction; one outcome each, in order.

    A command refused by the law fails alone. A repeated Idempotency-Key is answered from memory, also when the case
    has moved on since. Raises ``Unavailable`` if the database is away.
    """
    ids = [case for r in requests for case in (r.command.case, r.partner) if case is not None]
    keyed = [request.keyed for request in requests]
    async with office.store.unit(lock=[*ids, *locks(keyed)]) as unit:
        memory = await Memory.of(unit, keyed)
        cases = await unit.cases.load(ids)
        docket = Docket(cases, unit, office.advisers.policy, await _crowd(unit, cases, requests))
        ready = await _completed(unit, docket, requests)
        outcomes = [memory.once(asked, partial(_apply, docket, r)) for asked, r in zip(keyed, ready, strict=True)]
        await docket.save()
        done = [r.command for r, o in zip(requests, outcomes, strict=True) if isinstance(o, Done)]
        if shown := [link for command in done for link in _shown(command)]:
            await unit.attachments.link_cases(shown)
        await memory.save()
    return outcomes


async def _crowd(unit: Unit, cases: Mapping[CaseId, Case], requests: Sequence[Request]) -> Crowd:
    """How the reports the commands are about stand to their cases: those named, and all behind what is merged or split.

    What was merged into a case before has a say too: a report that two of them brought goes with neither alone.
    """
    named = [r.command.report for r in requests if r.command.report]
    moved = [r.command.case for r in requests if r.command.verb in (Verb.MERGE, Verb.SPLIT) and r.command.case]
    beside = [absorbed for case in cases.values() for absorbed in case.absorbed] if moved else []
    return await unit.cases.crowd([*cases, *beside], named, moved)


def _shown(command: Command) -> list[tuple[AttachmentId, CaseId]]:
    """The attachments an action names, behind its case. The door has seen that they are there."""
    if command.case is None:
        return []
    return [(AttachmentId(UUID(photo)), command.case) for photo in command.photos if _ID.fullmatch(photo)]


async def _completed(unit: Unit, docket: Docket, requests: Sequence[Request]) -> list[Request]:
    """The requests with what only the record knows: the nearest inspector, and whether a report is there to join."""
    sent = [r.command for r in requests if r.command.verb in SENDS and not r.command.worker]
    if not sent and not any(_joins_by_hand(r.command) for r in requests):
        return list(requests)
    cases = [case for command in sent if command.case and (case := docket.find(command.case))]
    inspectors = await nearest_inspectors(unit, cases)
    joined = [r.command.report for r in requests if _joins_by_hand(r.command) and r.command.report]
    filed = await unit.reports.filed(joined) if joined else frozenset()
    ready = []
    for request in requests:
        command = request.command
        if command in sent and command.case in inspectors:
            command = replace(command, worker=inspectors[command.case])
        if _joins_by_hand(command) and command.report not in filed:
            command = replace(command, report=None)
        ready.append(replace(request, command=command))
    return ready


def _joins_by_hand(command: Command) -> bool:
    return command.verb is Verb.JOIN and command.actor.role is not Role.SYSTEM


def _apply(docket: Docket, request: Request) -> Outcome:
    command = request.command
    if command.verb not in (Verb.MERGE, Verb.SPLIT):
        return docket.apply(command)
    own = docket.find(command.case) if command.case else None
    other = docket.find(request.partner) if request.partner else None
    if own is None or other is None:
        return Failed(NotFound("case"))
    if own.id == other.id:
        return docket.apply(replace(command, other=other))
    return docket.apply_both(replace(command, other=other), _mirrored(command, own, other))


def _mirrored(command: Command, own: Case, other: Case) -> Command:
    """What happens to the other case when one is merged into it or split from it."""
    verb = Verb.ABSORB if command.verb is Verb.MERGE else Verb.RELEASE
    return Command(verb, command.actor, case=other.id, other=own, reason=command.reason)
