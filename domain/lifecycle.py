"""The law of the closed loop (闭环处置): one table of transitions, and one function that decides.

The table is data; docs/lifecycle.md is generated from it and a test walks every state × verb × role. ``decide`` is
pure: a case, a command and a time give events or a refusal. The new case is nothing but its events applied
(``evolution.evolve``), so the history alone always gives the state.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from domain.case import ENDED, Case, State
from domain.commands import Actor, Command, Opening, Role, Verb
from domain.effects import deadlines_after, task_of, tasks_after, to_expire
from domain.errors import Conflict, Refused
from domain.events import NAMES, Event
from domain.evolution import evolve
from domain.ids import CaseId
from domain.policy import Policy
from domain.task import Part, Task, TaskState

Guard = Callable[[Case, Command], bool]


@dataclass(frozen=True, slots=True)
class Transition:
    """One row of the law. ``source`` None opens a case; ``guard`` picks among rows of one state and verb."""

    source: State | None
    verb: Verb
    target: State
    actors: frozenset[Role]
    says: str
    ground: str
    guard: Guard | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """The case after the command, and what happened. No events means the command had taken effect before."""

    case: Case
    events: tuple[Event, ...]


def _lead_task(case: Case, command: Command) -> bool:
    return any(t.id == command.task and t.part is Part.LEAD for t in case.tasks)


def _assist_task(case: Case, command: Command) -> bool:
    return not _lead_task(case, command)


def _last_open(case: Case, command: Command) -> bool:
    return all(t.id == command.task or not t.open for t in case.tasks)


def _others_open(case: Case, command: Command) -> bool:
    return not _last_open(case, command)


_SYSTEM = frozenset({Role.SYSTEM})
_DESK = frozenset({Role.DESK, Role.ADMIN})
_FILERS = _SYSTEM | _DESK
_DISPATCHERS = frozenset({Role.SYSTEM, Role.DISPATCHER, Role.ADMIN})
_UNITS = frozenset({Role.UNIT})
_OFFICERS = frozenset({Role.OFFICER})
_OPEN = tuple(state for state in State if state not in ENDED)
_S32 = "GB/T 30428.8 practice"

TABLE: tuple[Transition, ...] = (
    Transition(None, Verb.REGISTER, State.REPORTED, _FILERS, "在疑登记，待受理", "国办函〔2025〕66号 (二)"),
    Transition(None, Verb.FILE, State.PENDING_DISPATCH, _FILERS, "立案", "GB/T 47678.5-2026 table 3"),
    Transition(State.REPORTED, Verb.FILE, State.PENDING_DISPATCH, _FILERS, "受理并立案", "GB/T 47678.5-2026 table 3"),
    Transition(State.REPORTED, Verb.REFUSE, State.NOT_ACCEPTED, _DESK, "不予受理", "国办函〔2025〕66号 (二)"),
    Transition(
        State.PENDING_DISPATCH, Verb.DISPATCH, State.PENDING_DISPOSAL, _DISPATCHERS, "派遣", "国办函〔2025〕66号 (五)"
    ),
    Transition(
        State.PENDING_DISPATCH,
        Verb.DEFER,
        State.PENDING_DISPATCH,
        _SYSTEM,
        "无规则，转派遣席",
        "国办函〔2025〕66号 (五)",
    ),
    Transition(State.PENDING_DISPOSAL, Verb.ACCEPT, State.DISPOSING, _UNITS, "主办接单", _S32, _lead_task),
    Transition(State.PENDING_DISPOSAL, Verb.ACCEPT, State.PENDING_DISPOSAL, _UNITS, "协办接单", _S32, _assist_task),
    Transition(State.DISPOSING, Verb.ACCEPT, State.DISPOSING, _UNITS, "协办接单", _S32, _assist_task),
    Transition(
        State.PENDING_DISPOSAL,
        Verb.SEND_BACK,
        State.PENDING_DISPATCH,
        _UNITS,
        "主办退回",
        "国办函〔2025〕66号 (五)",
        _lead_task,
    ),
    Transition(
        State.DISPOSING,
        Verb.SEND_BACK,
        State.PENDING_DISPATCH,
        _UNITS,
        "主办退回",
        "国办函〔2025〕66号 (五)",
        _lead_task,
    ),
    Transition(
        State.PENDING_DISPOSAL,
        Verb.SEND_BACK,
        State.PENDING_DISPOSAL,
        _UNITS,
        "协办退回",
        "国办函〔2025〕66号 (五)",
        _assist_task,
    ),
    Transition(
        State.DISPOSING,
        Verb.SEND_BACK,
        State.DISPOSING,
        _UNITS,
        "协办退回",
        "国办函〔2025〕66号 (五)",
        lambda case, command: _assist_task(case, command) and _others_open(case, command),
    ),
    Transition(
        State.DISPOSING,
        Verb.SEND_BACK,
        State.PENDING_CHECK,
        _UNITS,
        "最后一个协办退回，主办已办结",
        _S32,
        lambda case, command: _assist_task(case, command) and _last_open(case, command),
    ),
    Transition(State.PENDING_DISPOSAL, Verb.FINISH, State.PENDING_DISPOSAL, _UNITS, "协办办结", _S32, _assist_task),
    Transition(State.DISPOSING, Verb.FINISH, State.PENDING_CHECK, _UNITS, "处置完成，待核查", _S32, _last_open),
    Transition(State.DISPOSING, Verb.FINISH, State.DISPOSING, _UNITS, "办结，待其他单位", _S32, _others_open),
    Transition(State.PENDING_CHECK, Verb.PASS, State.CLOSED, _OFFICERS, "核查通过，结案", _S32),
    Transition(State.PENDING_CHECK, Verb.FAIL, State.PENDING_DISPOSAL, _OFFICERS, "核查不通过，返工", _S32),
    *(Transition(state, Verb.JOIN, state, _SYSTEM, "并入同一事件的诉求", "国办函〔2025〕66号 (五)") for state in _OPEN),
    *(Transition(state, Verb.EXPIRE, state, _SYSTEM, "超期，督办", _S32) for state in _OPEN),
)

_ROWS: dict[tuple[State | None, Verb], tuple[Transition, ...]] = {}
for _row in TABLE:
    _ROWS[_row.source, _row.verb] = (*_ROWS.get((_row.source, _row.verb), ()), _row)

_TASK_VERBS = frozenset({Verb.ACCEPT, Verb.SEND_BACK, Verb.FINISH})
_REASON_VERBS = frozenset({Verb.REFUSE, Verb.SEND_BACK, Verb.FAIL})


def allowed(case: Case, actor: Actor) -> tuple[Verb, ...]:
    """The verbs this actor could use on the case now; what a desk shows as buttons."""
    verbs = []
    for verb in Verb:
        rows = _ROWS.get((case.state, verb), ())
        if not any(actor.role in row.actors for row in rows):
            continue
        if verb not in _TASK_VERBS or any(_may_act(task, verb, actor) for task in case.tasks):
            verbs.append(verb)
    return tuple(verbs)


def _may_act(task: Task, verb: Verb, actor: Actor) -> bool:
    if task.unit != actor.unit or not task.open:
        return False
    return (
        (task.state is TaskState.OFFERED)
        if verb is Verb.ACCEPT
        else (verb is Verb.SEND_BACK or task.state is TaskState.ACCEPTED)
    )


def decide(case: Case | None, command: Command, at: datetime, policy: Policy) -> Decision:
    """What the law says to a command at time ``at`` (the database's clock).

    Returns the new case with its events; no events where the system's own command had taken effect before. Raises
    ``Conflict`` if the caller looked at another version, ``Refused`` if state, actor or guard forbid it.
    """
    if case is not None and command.expected is not None and command.expected != case.version:
        raise Conflict(case.version)
    if case is not None and _settled(case, command):
        return Decision(case, ())
    row = _row_for(case, command)
    _check(case, command)
    moment = max(at, case.updated_at) if case else at
    event = _happened(case, command, row.target, moment, policy)
    return Decision(evolve(case, event), (event,))


def _settled(case: Case, command: Command) -> bool:
    """Whether one of the system's own commands, which may be delivered twice, has nothing left to do."""
    if command.verb is Verb.JOIN:
        return command.report in case.reports and command.actor.role is Role.SYSTEM
    if command.actor.role is not Role.SYSTEM:
        return False
    if command.verb in (Verb.DISPATCH, Verb.DEFER):
        return case.state is not State.PENDING_DISPATCH or case.verdict is not None
    if command.verb is Verb.EXPIRE:
        return to_expire(case, command) is None
    return False


def _row_for(case: Case | None, command: Command) -> Transition:
    rows = _ROWS.get((case.state if case else None, command.verb), ())
    if not rows:
        state = case.state if case else "nothing"
        raise Refused("verb-not-allowed", "当前状态不允许此操作", f"{command.verb} does not apply to {state}")
    mine = [row for row in rows if command.actor.role in row.actors]
    if not mine:
        raise Refused("actor-not-allowed", "无权执行此操作", f"{command.verb} is not for role {command.actor.role}")
    for row in mine:
        if case is None or row.guard is None or row.guard(case, command):
            return row
    raise Refused("guard-not-met", "条件不满足", f"{command.verb} needs more than was given")


def _check(case: Case | None, command: Command) -> None:
    """What must be given or be true beyond state and role."""
    if command.verb in _REASON_VERBS and not command.reason:
        raise Refused("reason-required", "必须填写原因", f"{command.verb} needs a reason")
    if command.verb is Verb.FILE:
        _check_filing(command if case else command.opening)
    if command.verb is Verb.JOIN and command.report is None:
        raise Refused("report-required", "缺少并入的诉求", "join names the report")
    if command.verb is Verb.DEFER and (command.verdict is None or command.verdict.lead):
        raise Refused("verdict-required", "缺少派单结论", "a case is deferred with the verdict that names nobody")
    if case is not None and command.verb is Verb.DISPATCH:
        _check_dispatch(command)
    if case is not None and command.verb in _TASK_VERBS:
        task = task_of(case, command.task)
        if not _may_act(task, command.verb, command.actor):
            raise Refused("task-not-yours", "任务不属于本单位或已办结", f"task is {task.state}")


def _check_filing(given: Command | Opening | None) -> None:
    if given is None or not (given.category and given.place and given.place.path):
        raise Refused("filing-incomplete", "立案要素不全", "category and place are mandatory at filing")
    if given.condition and given.condition.category != given.category.key:
        raise Refused("condition-mismatch", "立案条件不属于该小类", "take a condition of the category")


def _check_dispatch(command: Command) -> None:
    if command.verdict is None or not command.verdict.lead:
        raise Refused("unit-required", "必须指定主办单位", "dispatch needs a lead unit")
    units = (command.verdict.lead, *command.verdict.assist)
    if len(set(units)) != len(units):
        raise Refused("unit-repeated", "同一单位不能重复派遣", "name each unit once")
    if len(command.new_tasks) != len(units):
        raise Refused("task-ids-invalid", "任务编号数量不符", f"{len(units)} units need as many new task ids")


def _happened(case: Case | None, command: Command, target: State, at: datetime, policy: Policy) -> Event:
    tasks = tasks_after(case, command, at)
    return Event(
        case=case.id if case else _opening_case(command),
        version=case.version + 1 if case else 1,
        type=NAMES[command.verb],
        at=at,
        actor=command.actor,
        state=target,
        # only what the verb is about: nothing else a command carries may change the case
        opening=command.opening if case is None else None,
        report=command.report if command.verb is Verb.JOIN else None,
        task=command.task if command.verb in _TASK_VERBS else None,
        category=command.category if command.verb is Verb.FILE else None,
        condition=command.condition if command.verb is Verb.FILE else None,
        place=command.place if command.verb is Verb.FILE else None,
        verdict=command.verdict if command.verb in (Verb.DISPATCH, Verb.DEFER) else None,
        tasks=tasks,
        deadlines=deadlines_after(case, command, target, at, policy),
        reason=command.reason,
        note=command.note,
    )


def _opening_case(command: Command) -> CaseId:
    if command.opening is None:
        raise Refused("filing-incomplete", "缺少上报内容", "a new case starts from a report")
    return command.opening.case
