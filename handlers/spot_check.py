"""抽查: closed cases drawn at random, a quota for each lead unit, and an inspector sent to each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.actor import Actor
from domain.case import Case
from domain.commands import Command, Verb
from domain.ids import TaskId
from domain.task import Part, Task
from handlers.docket import Docket
from handlers.inspect import nearest_inspectors
from handlers.outcomes import AlreadyDone, Outcome
from handlers.ports import Office


@dataclass(frozen=True, slots=True)
class Draw:
    """What is drawn: at most ``quota`` cases of each lead unit closed from ``since`` to before ``until``.

    The order of the draw is SHA-256 of seed and case number: nobody can steer it, everybody can repeat it.
    """

    seed: str
    quota: int
    since: datetime
    until: datetime


async def draw(office: Office, asked: Draw, actor: Actor) -> Sequence[tuple[str, str, str | None, Outcome]]:
    """Draw and send, in one transaction; for each case drawn its number, unit, inspector, and what became of it.

    Drawn again, a case is ``AlreadyDone`` that was sent to since it was closed, with the inspector who has it or had
    it: a draw that is repeated sends nobody twice. Raises ``Unavailable``.
    """
    async with office.store.unit() as unit:
        ids = await unit.cases.drawn(asked.seed, asked.quota, asked.since, asked.until)
        await unit.lock(ids)
        found = await unit.cases.load(ids)
        cases = [found[case] for case in ids]
        before = {case.id: known for case in cases if (known := _sent_before(case))}
        sent = await nearest_inspectors(unit, [case for case in cases if case.id not in before])
        docket = Docket(found, unit, office.advisers.policy)
        drawn: list[tuple[str, str, str | None, Outcome]] = []
        for case in cases:
            lead = case.lead.unit if case.lead and case.lead.unit else ""
            if case.id in before:
                drawn.append((case.no, lead, before[case.id].worker, AlreadyDone(case.id, case.version)))
                continue
            worker = sent.get(case.id)
            task = TaskId(office.new_id())
            command = Command(Verb.SPOT_CHECK, actor, case=case.id, new_tasks=(task,), worker=worker or "")
            drawn.append((case.no, lead, worker, docket.apply(command)))
        await docket.save()
    return drawn


def _sent_before(case: Case) -> Task | None:
    """The spot check on the work as it was closed last, if there is or was one."""
    since = case.ended_at or case.updated_at
    return next(
        (task for task in reversed(case.tasks) if task.part is Part.SPOT_CHECK and task.offered_at >= since), None
    )
