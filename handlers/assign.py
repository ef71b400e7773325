"""Who must act? The reaction to a case that waits for somebody: facts, verdict, tasks. One road for all of them.

A case waits for its units when it is filed, sent back, raised or re-opened; where the policy says so, for an inspector
before it is filed (核实) or when it is finished (核查).
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from domain.actor import SYSTEM
from domain.case import Case, State, Verdict
from domain.commands import Command, Verb
from domain.ids import CaseId, TaskId
from domain.plan import Activation
from domain.policy import Policy
from domain.task import Part
from handlers.balance import balanced
from handlers.docket import Docket
from handlers.inspect import nearest_inspectors
from handlers.outcomes import AlreadyDone, Outcome
from handlers.ports import Office
from store.unit import Unit


async def assign_many(office: Office, ids: Sequence[CaseId]) -> list[Outcome]:
    """Find who must act for each case that waits and make the tasks, in one transaction.

    A case no rule matches is left to the duty desk, with the verdict that says so; one no inspector is on duty for is
    left to the desk too. ``AlreadyDone`` for a case that waits no more.
    """
    policy = office.advisers.policy
    async with office.store.unit(lock=ids) as unit:
        cases = await unit.cases.load(ids)
        docket = Docket(cases, unit, policy)
        waiting = [case for case in cases.values() if case.state is State.PENDING_DISPATCH and case.verdict is None]
        commands = await _dispatched(office, unit, waiting)
        sends = {case.id: verb for case in cases.values() if (verb := _needs_inspector(case, policy))}
        inspectors = await nearest_inspectors(unit, [cases[case] for case in sends])
        commands += [
            Command(sends[case], SYSTEM, case=case, worker=inspector, new_tasks=(TaskId(office.new_id()),))
            for case, inspector in inspectors.items()
        ]
        done = {command.case: docket.apply(command) for command in commands}
        await docket.save()
    return [done.get(case_id) or AlreadyDone(case_id) for case_id in ids]


async def _dispatched(office: Office, unit: Unit, waiting: Sequence[Case]) -> list[Command]:
    """What becomes of cases that wait for units: a plan they start, a verdict, or the desk."""
    advisers, at = office.advisers, unit.at
    assets = await unit.assets.known(sorted({case.component for case in waiting if case.component}))
    plans = {case.id: plan for case in waiting if (plan := advisers.plan_for(case, at))}
    ordinary = [case for case in waiting if case.id not in plans]
    judged = advisers.who.choose_many(advisers.surroundings.facts_many(ordinary, at, assets))
    verdicts = await balanced(office, unit, ordinary, judged)
    started = [_activation(office, case, plan) for case, plan in plans.items()]
    return started + [_by_rule(office, case, v, at) for case, v in zip(ordinary, verdicts, strict=True)]


def _by_rule(office: Office, case: Case, verdict: Verdict, at: datetime) -> Command:
    if verdict.lead is None:
        return Command(Verb.DEFER, SYSTEM, case=case.id, verdict=verdict)
    plan = office.advisers.started(verdict.plan, case.place.path, at) if verdict.plan and case.plan is None else None
    if plan is not None:
        return replace(_activation(office, case.id, plan), verdict=verdict)
    tasks = tuple(TaskId(office.new_id()) for _ in (verdict.lead, *verdict.assist))
    return Command(Verb.DISPATCH, SYSTEM, case=case.id, verdict=verdict, new_tasks=tasks)


def _activation(office: Office, case: CaseId, plan: Activation) -> Command:
    tasks = tuple(TaskId(office.new_id()) for _ in plan.shares)
    return Command(Verb.ACTIVATE, SYSTEM, case=case, plan=plan, new_tasks=tasks)


def _needs_inspector(case: Case, policy: Policy) -> Verb | None:
    """Whether an inspector is to be sent by the system, and what for."""
    if case.state is State.PENDING_CHECK and policy.auto_check:
        return Verb.CHECK
    unseen = all(task.part is not Part.VERIFY for task in case.tasks)
    if case.state is State.REPORTED and case.source in policy.auto_verify and unseen:
        return Verb.VERIFY
    return None
