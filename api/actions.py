"""From what a client sends with a verb to a command of the law: one filler a verb, and only the fields it is about."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from uuid import UUID

from api.auth import Caller
from api.deps import Deps
from api.filters import area_key
from api.naming import named
from api.schemas import ActionIn
from api.seeing import seen_case
from domain.case import Case, Verdict
from domain.catalogue import Category, Condition
from domain.checks import ON_TASK
from domain.commands import Command, Said, Verb
from domain.errors import Fault, Invalid, NotFound
from domain.ids import CaseId, ReportId, TaskId
from domain.matters import MATTER_OF
from domain.petition import PetitionId
from domain.place import Place
from domain.report import clean_text
from domain.task import Task
from handlers.inspect import SENDS
from handlers.perform import Request as Asked
from store.views import Scope

Filler = Callable[[Deps, Case, Command, ActionIn], Command]

# What a verb takes beside reason and note. A field sent with a verb that is not about it is a mistake worth telling.
FIELDS: Mapping[Verb, frozenset[str]] = {
    Verb.FILE: frozenset({"category", "condition", "area"}),
    Verb.JOIN: frozenset({"report"}),
    Verb.WITHDRAW: frozenset({"report"}),
    Verb.VERIFY: frozenset({"worker"}),
    Verb.CHECK: frozenset({"worker"}),
    Verb.SPOT_CHECK: frozenset({"worker"}),
    Verb.ASSIGN: frozenset({"worker"}),
    Verb.DISPATCH: frozenset({"unit", "assist", "optional"}),
    Verb.REINFORCE: frozenset({"assist", "optional"}),
    Verb.ACTIVATE: frozenset({"plan"}),
    Verb.FINISH: frozenset({"photos", "position"}),
    Verb.PASS: frozenset({"photos", "position", "closing"}),
    Verb.FAIL: frozenset({"photos", "position"}),
    Verb.CLOSE: frozenset({"photos", "closing"}),
    Verb.CALL_BACK: frozenset({"contacted", "solved", "satisfied", "report"}),
    Verb.SUSPEND: frozenset({"until"}),
    Verb.APPEAL: frozenset({"clock", "cycle"}),
    Verb.GRANT: frozenset({"petition"}),
    Verb.DENY: frozenset({"petition"}),
    Verb.SUPERVISE: frozenset({"replies"}),
    Verb.MERGE: frozenset({"into"}),
    Verb.RAISE: frozenset({"level"}),
    Verb.LOWER: frozenset({"level"}),
}
_ALWAYS = frozenset({"reason", "note"})
_NEW_TASK = SENDS | {Verb.FAIL}


async def asked(
    tools: Deps,
    who: Caller,
    case: Case,
    verb: Verb,
    task: TaskId | None,
    expected: int,
    key: str | None,
    sent: ActionIn,
) -> Asked:
    """The request to the office that a verb means. Raises ``Invalid`` for what cannot be meant, ``NotFound``."""
    _check_fields(verb, sent)
    command = Command(
        verb=verb,
        actor=who.actor,
        case=case.id,
        expected=expected,
        task=task or own_task(case, verb, who),
        reason=clean_text(sent.reason, "/reason"),
        note=clean_text(sent.note, "/note"),
        photos=await named(tools, who, sent.photos, "/photos", case.id),
        worker=sent.worker or "",
        closing=sent.closing or "",
        until=sent.until,
        level=sent.level,
        clock=sent.clock,
        cycle=sent.cycle,
        replies=sent.replies,
        petition=PetitionId(sent.petition) if sent.petition else None,
        report=ReportId(sent.report) if sent.report else None,
    )
    command = _FILLERS.get(verb, _as_it_is)(tools, case, command, sent)
    if verb in _NEW_TASK:
        command = replace(command, new_tasks=(TaskId(tools.office.new_id()),))
    if verb in MATTER_OF:
        command = replace(command, new_id=tools.office.new_id())
    if verb is Verb.WITHDRAW:
        await _check_own_report(tools, who, sent.report)
    partner = await _partner(tools, who, case, verb, sent)
    fingerprint = sha256(f"{case.id} {verb} {task} ".encode() + sent.model_dump_json().encode()).digest()
    return Asked(command, key, fingerprint, partner)


def own_task(case: Case, verb: Verb, who: Caller) -> TaskId | None:
    """The task somebody means who names only the case: the own open one."""
    if verb not in ON_TASK:
        return None
    return next((task.id for task in case.tasks if mine(task, who)), None)


def mine(task: Task, who: Caller) -> bool:
    """Whether the task waits for this caller: its unit's, or an inspector's own."""
    if task.unit is None:
        return task.open and task.worker == who.actor.id
    return task.open and task.unit == who.actor.unit


def _check_fields(verb: Verb, sent: ActionIn) -> None:
    strange = sent.model_fields_set - FIELDS.get(verb, frozenset()) - _ALWAYS
    if strange:
        faults = tuple(Fault(f"/{name}", "field-not-for-verb") for name in sorted(strange))
        raise Invalid("field-not-for-verb", "该操作不接受此字段", f"{verb} is not about it", faults)


def _as_it_is(_tools: Deps, _case: Case, command: Command, _sent: ActionIn) -> Command:
    return command


def _file(tools: Deps, case: Case, command: Command, sent: ActionIn) -> Command:
    category = tools.office.advisers.catalogue.find(sent.category) if sent.category else case.category
    condition, place = _condition(tools, case, category, sent), _place(tools, case, sent.area)
    return replace(command, category=category, condition=condition, place=place)


def _condition(tools: Deps, case: Case, category: Category | None, sent: ActionIn) -> Condition | None:
    """The condition named; else the one heard at intake, if the category stays; else the first of the category."""
    if category is None or (sent.condition is None and category == case.category and case.condition is not None):
        return case.condition
    return tools.office.advisers.catalogue.condition(category, sent.condition)


def _place(tools: Deps, case: Case, area: str | None) -> Place:
    if area is None:
        return case.place
    path = tuple(area_key(tools, area).rstrip("/").split("/"))
    return Place(path=path, grid=path[-1] if len(path[-1]) == 15 else None)


def _dispatch(tools: Deps, _case: Case, command: Command, sent: ActionIn) -> Command:
    """By hand: the units named, as lead and assistants, or assistants alone."""
    units = (*((sent.unit,) if sent.unit else ()), *sent.assist)
    _check_units(tools, sent)
    reason = command.reason or "chosen by the dispatcher"
    verdict = Verdict(sent.unit, tuple(sent.assist), tuple(sent.optional), rule="by hand", reason=reason)
    return replace(command, verdict=verdict, new_tasks=tuple(TaskId(tools.office.new_id()) for _ in units))


def _check_units(tools: Deps, sent: ActionIn) -> None:
    named = [("/unit", sent.unit)] if sent.unit else []
    named += [(f"/assist/{n}", unit) for n, unit in enumerate(sent.assist)]
    known = tools.present.units
    unknown = [Fault(pointer, "unit-unknown") for pointer, unit in named if unit not in known]
    unknown += [
        Fault(f"/optional/{n}", "unit-unknown") for n, unit in enumerate(sent.optional) if unit not in sent.assist
    ]
    if not unknown and len({unit for _, unit in named}) < len(named):
        unknown = [Fault("/assist", "unit-unknown")]
    if unknown:
        detail = "use unit codes of the city pack, each once; optional ones among the assistants"
        raise Invalid("unit-unknown", "单位不存在或重复", detail, tuple(unknown))


def _recall(_tools: Deps, _case: Case, command: Command, _sent: ActionIn) -> Command:
    """Taken back by hand, it is dispatched by hand: no rule shall send it where it was."""
    return replace(command, verdict=Verdict(None, rule="by hand", reason=command.reason))


def _activate(tools: Deps, case: Case, command: Command, sent: ActionIn) -> Command:
    if sent.plan is None:
        return command  # the law says whether a plan was what lacked
    plan = tools.office.advisers.plan(sent.plan, case.place.path, datetime.now(UTC))
    return replace(command, plan=plan, new_tasks=tuple(TaskId(tools.office.new_id()) for _ in plan.shares))


def _on_the_spot(tools: Deps, _case: Case, command: Command, sent: ActionIn) -> Command:
    """Where somebody stood who reports from the spot, in WGS-84 as cases are."""
    if sent.position is None:
        return command
    (position,) = tools.office.advisers.where.in_wgs84([sent.position.point("/position")])
    return replace(command, position=position)


def _call_back(_tools: Deps, _case: Case, command: Command, sent: ActionIn) -> Command:
    said = {"contacted", "solved", "satisfied"} & sent.model_fields_set
    return replace(command, said=Said(sent.contacted, sent.solved, sent.satisfied) if said else None)


_FILLERS: Mapping[Verb, Filler] = {
    Verb.FILE: _file,
    Verb.DISPATCH: _dispatch,
    Verb.REINFORCE: _dispatch,
    Verb.RECALL: _recall,
    Verb.ACTIVATE: _activate,
    Verb.FINISH: _on_the_spot,
    Verb.PASS: _on_the_spot,
    Verb.FAIL: _on_the_spot,
    Verb.CALL_BACK: _call_back,
}


async def _check_own_report(tools: Deps, who: Caller, report: UUID | None) -> None:
    """A reporter withdraws what is the reporter's own; anything else is not there."""
    if report is not None and await tools.views.report(report, Scope(origin=who.origin)) is None:
        raise NotFound("report")


async def _partner(tools: Deps, who: Caller, case: Case, verb: Verb, sent: ActionIn) -> CaseId | None:
    """The other case of a merge, which the caller must be able to see, or of a split."""
    if verb is Verb.SPLIT:
        return case.merged_into
    if verb is not Verb.MERGE or sent.into is None:
        return None
    return (await seen_case(tools, who, sent.into)).id
