"""The law of the closed loop (闭环处置): one table of transitions, and one function that decides.

The table is data (``domain.table``); docs/lifecycle.md is generated from it and a test walks every state × verb × role.
``decide`` is pure: a case, a command and a time give events or a refusal. The new case is nothing but its events
applied (``evolution.evolve``), so the history alone always gives the state.
"""

from dataclasses import dataclass
from datetime import datetime

from domain.actor import Actor, Role
from domain.alarms import ALARMS, to_ring
from domain.alert import announced
from domain.case import Case, Clock, State
from domain.checks import TASK_VERBS, check
from domain.commands import Command, Verb
from domain.deadlines import deadlines_after
from domain.duties import tasks_after
from domain.errors import Conflict, Refused
from domain.events import NAMES, Event
from domain.evolution import evolve
from domain.ids import CaseId, ReportId
from domain.matters import call_back_after, petitions_after, supervision_after
from domain.place import LEVELS, Level
from domain.policy import Policy
from domain.table import TABLE, Transition
from domain.task import Part
from domain.trials import trials

__all__ = ["TABLE", "TASK_VERBS", "Decision", "Transition", "allowed", "decide"]

PAIRED = frozenset({Verb.ABSORB, Verb.RELEASE})
"""The other case's side of a merge and a split: the office issues them together, nobody asks for one alone."""


@dataclass(frozen=True, slots=True)
class Decision:
    """The case after the command, and what happened. No events means the command had taken effect before."""

    case: Case
    events: tuple[Event, ...]


_ROWS: dict[tuple[State | None, Verb], tuple[Transition, ...]] = {}
for _row in TABLE:
    _ROWS[_row.source, _row.verb] = (*_ROWS.get((_row.source, _row.verb), ()), _row)


def allowed(case: Case, actor: Actor, policy: Policy, at: datetime | None = None) -> tuple[Verb, ...]:
    """The verbs this actor could use on the case; what a desk shows as buttons.

    Those for which the law would take some command with everything filled in that a person can fill in, at ``at``
    (None: when the case last changed).
    """
    moment = max(at, case.updated_at) if at else case.updated_at
    return tuple(verb for verb in Verb if verb not in PAIRED and _possible(case, verb, actor, moment, policy))


def _possible(case: Case, verb: Verb, actor: Actor, at: datetime, policy: Policy) -> bool:
    if not any(_permits(row, actor, policy) for row in _ROWS.get((case.state, verb), ())):
        return False
    return any(_takes(case, trial, at, policy) for trial in trials(case, verb, actor, at, policy))


def _takes(case: Case, command: Command, at: datetime, policy: Policy) -> bool:
    if _settled(case, command):
        return False
    try:
        row = _row_for(case, command, policy)
        check(case, command, row.target, at, policy)
    except Refused:
        return False
    return True


def decide(case: Case | None, command: Command, at: datetime, policy: Policy) -> Decision:
    """What the law says to a command at time ``at`` (the database's clock).

    Returns the new case with its events; no events where the system's own command had taken effect before. Raises
    ``Conflict`` if the caller looked at another version, ``Refused`` if state, actor or guard forbid it.
    """
    if case is not None and command.expected is not None and command.expected != case.version:
        raise Conflict(case.version)
    if case is not None and _settled(case, command):
        return Decision(case, ())
    moment = max(at, case.updated_at) if case else at
    row = _row_for(case, command, policy)
    check(case, command, row.target, moment, policy)
    event = announced(case, _happened(case, command, row.target, moment, policy), policy)
    return Decision(evolve(case, event), (event,))


def _settled(case: Case, command: Command) -> bool:
    """Whether one of the system's own commands, which may be delivered twice, has nothing left to do."""
    if command.actor.role is not Role.SYSTEM:
        return False
    match command.verb:
        case Verb.JOIN:
            return command.standing.behind
        case Verb.RECOVER:
            return command.report in case.recovered
        case Verb.FILE:
            return case.state is not State.REPORTED
        case Verb.DISPATCH | Verb.DEFER | Verb.ACTIVATE:
            return case.state is not State.PENDING_DISPATCH or case.verdict is not None
        case Verb.VERIFY:
            return case.state is not State.REPORTED or any(task.part is Part.VERIFY for task in case.tasks)
        case Verb.CHECK:
            return case.state is not State.PENDING_CHECK
        case Verb.SPOT_CHECK:
            return any(task.part is Part.SPOT_CHECK and task.open for task in case.tasks)
        case Verb.RESUME:
            return not any(d.clock is Clock.SUSPENSION and d.cycle == command.cycle and d.open for d in case.deadlines)
        case verb if verb in ALARMS:
            return to_ring(case, command) is None
    return False


def _permits(row: Transition, actor: Actor, policy: Policy) -> bool:
    """Whether the row is for this role, and the city's policy leaves it there."""
    if actor.role not in row.actors:
        return False
    return actor.role is Role.SYSTEM or actor.role in policy.may.get(row.verb, row.actors)


def _row_for(case: Case | None, command: Command, policy: Policy) -> Transition:
    rows = _ROWS.get((case.state if case else None, command.verb), ())
    if not rows:
        state = case.state if case else "nothing"
        raise Refused("verb-not-allowed", "当前状态不允许此操作", f"{command.verb} does not apply to {state}")
    mine = [row for row in rows if _permits(row, command.actor, policy)]
    if not mine:
        raise Refused("actor-not-allowed", "无权执行此操作", f"{command.verb} is not for role {command.actor.role}")
    for row in mine:
        if case is None or row.guard is None or row.guard.holds(case, command, policy):
            return row
    asked = "; or ".join(row.guard.says for row in mine if row.guard)
    raise Refused("guard-not-met", "条件不满足", f"{command.verb} asks: {asked}")


def _happened(case: Case | None, command: Command, target: State, at: datetime, policy: Policy) -> Event:
    verb = command.verb
    tasks = tasks_after(case, command, target, at)
    files = verb is Verb.FILE
    return Event(
        case=case.id if case else _opening_case(command),
        version=case.version + 1 if case else 1,
        type=NAMES[verb],
        at=at,
        actor=command.actor,
        state=target,
        # only what the verb is about: nothing else a command carries may change the case
        opening=command.opening if case is None else None,
        reports=_reports(case, command),
        task=command.task if verb in TASK_VERBS else None,
        category=command.category if files else None,
        condition=command.condition if files else None,
        place=command.place if files else None,
        verdict=command.verdict if verb in (Verb.DISPATCH, Verb.DEFER, Verb.RECALL, Verb.ACTIVATE) else None,
        tasks=tasks,
        deadlines=deadlines_after(case, command, target, tasks, at, policy),
        petitions=petitions_after(case, command, target, at, policy),
        supervision=supervision_after(case, command, at),
        call_back=call_back_after(case, command, at),
        plan=command.plan if verb is Verb.ACTIVATE else None,
        level=_level(case, command, policy),
        other=command.other.id if command.other else None,
        closing=_closing(case, command, target),
        reason=command.reason,
        note=command.note,
    )


def _reports(case: Case | None, command: Command) -> tuple[ReportId, ...]:
    """The reports that come or go with this step, or whose sensors have recovered."""
    if case is None:
        return ()
    if command.verb in (Verb.JOIN, Verb.WITHDRAW, Verb.RECOVER) and command.report:
        return (command.report,)
    return command.reports if command.verb in (Verb.ABSORB, Verb.RELEASE) else ()


def _level(case: Case | None, command: Command, policy: Policy) -> Level | None:
    """The level that handles the case from now on, where the step changes it."""
    if case is None:
        return policy.starting_level
    if command.verb in (Verb.RAISE, Verb.LOWER):
        return command.level
    if command.verb is Verb.ESCALATE and case.plan and case.level:
        # a plan under way climbs its own ladder of levels, one with each rung
        higher = [level for level in case.plan.levels if LEVELS.index(level) < LEVELS.index(case.level)]
        return max(higher, key=LEVELS.index, default=None)
    return None


def _closing(case: Case | None, command: Command, target: State) -> str:
    closes = target is State.CLOSED and case is not None and case.open
    if not closes or command.verb not in (Verb.PASS, Verb.CLOSE):
        return ""
    return command.closing or "met"


def _opening_case(command: Command) -> CaseId:
    if command.opening is None:
        raise Refused("filing-incomplete", "缺少上报内容", "a new case starts from a report")
    return command.opening.case
