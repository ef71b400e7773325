"""Who must act? The reaction to a filed case and to one sent back: facts, verdict, tasks. One road for both."""

from collections.abc import Sequence

from dispatch.facts import facts_of
from domain.case import State, Verdict
from domain.commands import SYSTEM, Command, Verb
from domain.ids import CaseId, TaskId
from handlers.outcomes import AlreadyDone, Outcome
from handlers.perform import Docket
from handlers.ports import Office


async def assign_many(office: Office, ids: Sequence[CaseId]) -> list[Outcome]:
    """Ask the rulebook for each case that waits for dispatch and make its tasks, in one transaction.

    A case no rule matches is left to the duty desk, with the verdict that says so. ``AlreadyDone`` for a case that
    waits no more.
    """
    async with office.store.unit(lock=ids) as unit:
        cases = await unit.cases.load(ids)
        docket = Docket(cases, unit, office.advisers.policy)
        waiting = [case for case in cases.values() if case.state is State.PENDING_DISPATCH and case.verdict is None]
        verdicts = office.advisers.who.choose_many([facts_of(case) for case in waiting])
        done = {case.id: docket.apply(_command(office, case.id, v)) for case, v in zip(waiting, verdicts, strict=True)}
        await docket.save()
    return [done.get(case_id) or AlreadyDone(case_id) for case_id in ids]


def _command(office: Office, case: CaseId, verdict: Verdict) -> Command:
    if verdict.lead is None:
        return Command(Verb.DEFER, SYSTEM, case=case, verdict=verdict)
    tasks = tuple(TaskId(office.new_id()) for _ in (verdict.lead, *verdict.assist))
    return Command(Verb.DISPATCH, SYSTEM, case=case, verdict=verdict, new_tasks=tasks)
