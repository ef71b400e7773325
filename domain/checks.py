"""What must be given or be true beyond state, role and guard, each with its own refusal. For ``lifecycle.decide``."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from domain.actor import Actor, Role
from domain.alarms import ALARMS, ringing
from domain.case import Case, Clock, State
from domain.clock import Limit
from domain.commands import Command, Opening, Verb
from domain.duties import task_of
from domain.errors import Refused
from domain.guards import named_task
from domain.lattice import metres
from domain.matters import MATTER_OF, asks, check_answer, check_asking, owed_reply
from domain.place import LEVELS
from domain.policy import Policy
from domain.table import DISPOSAL
from domain.task import Part, Task, TaskState

TASK_VERBS = frozenset({Verb.ACCEPT, Verb.ASSIGN, Verb.UNASSIGN, Verb.SEND_BACK, Verb.FINISH})
ON_TASK = TASK_VERBS | {Verb.PASS, Verb.FAIL}
"""What is done to one task: a unit's own, or an inspector's on the spot."""
REASON_VERBS = frozenset(
    {Verb.REFUSE, Verb.DECLINE, Verb.WITHDRAW, Verb.RETURN, Verb.RECALL, Verb.SEND_BACK, Verb.FAIL, Verb.REOPEN,
     Verb.EXTEND, Verb.SUSPEND, Verb.CANCEL, Verb.APPEAL, Verb.DENY, Verb.SUPERVISE, Verb.MERGE, Verb.SPLIT,
     Verb.RAISE, Verb.LOWER, Verb.FORCE_CLOSE}
)  # fmt: skip
CLOSINGS = ("met", "notice")


def may_act(task: Task, verb: Verb, actor: Actor) -> bool:
    """Whether this actor may use a verb on this task in the state it is in."""
    if not task.open or task.unit is None or task.unit != actor.unit:
        return False
    match verb:
        case Verb.ACCEPT:
            return task.state is TaskState.OFFERED
        case Verb.UNASSIGN:
            return bool(task.worker)
        case Verb.FINISH:
            return task.state is TaskState.ACCEPTED
    return True


def check(case: Case | None, command: Command, target: State, at: datetime, policy: Policy) -> None:
    """Raises ``Refused`` with what is missing."""
    verb = command.verb
    if verb in REASON_VERBS:
        _check_reason(command, policy)
    if verb is Verb.FILE:
        _check_filing(command if case else command.opening)
    if case is None:
        return
    if verb in TASK_VERBS:
        _check_task(case, command, target, at, policy)
    if asks(command, case, target):
        check_asking(case, command, MATTER_OF[verb], at, policy)
    if verb in (Verb.GRANT, Verb.DENY):
        check_answer(case, command, at, policy)
    if verb in (Verb.PASS, Verb.FAIL):
        _check_on_site(case, command, policy)
    if case.open and target is State.CLOSED and verb in (Verb.PASS, Verb.CLOSE):
        _check_closing(case, command)
    _check_given(case, command, at)


def _check_reason(command: Command, policy: Policy) -> None:
    if not command.reason:
        raise Refused("reason-required", "必须填写原因", f"{command.verb} needs a reason")
    codes = policy.reasons.get(command.verb)
    if codes and command.reason not in codes:
        raise Refused("reason-unknown", "原因代码不在本市规定之列", f"one of {', '.join(sorted(codes))}")


@dataclass(frozen=True, slots=True)
class _Needs:
    """What a verb cannot do without: a refusal, and when it is due."""

    lacks: Callable[[Case, Command], bool]
    code: str
    title: str
    detail: str


_NO_INSPECTOR = _Needs(
    lambda _, command: not command.worker, "inspector-required", "必须指定监督员", "name the inspector who is sent"
)
_NEEDS: dict[Verb, tuple[_Needs, ...]] = {
    Verb.JOIN: (
        _Needs(lambda _, m: m.report is None, "report-required", "缺少并入的诉求", "join names the report"),
        _Needs(
            lambda _, m: m.standing.behind or m.standing.withdrawn,
            "report-joined",
            "该诉求已在本案",
            "a report stands behind a case once",
        ),
    ),
    Verb.WITHDRAW: (
        _Needs(lambda _, m: not m.standing.behind, "report-required", "缺少撤回的诉求", "name a report of the case"),
    ),
    Verb.DEFER: (
        _Needs(
            lambda _, m: m.verdict is None or bool(m.verdict.lead),
            "verdict-required",
            "缺少派单结论",
            "a case is deferred with the verdict that names nobody",
        ),
    ),
    Verb.ACTIVATE: (
        _Needs(
            lambda _, m: not (m.plan and m.plan.shares), "plan-required", "缺少预案", "name a plan of the city pack"
        ),
    ),
    Verb.VERIFY: (_NO_INSPECTOR,),
    Verb.CHECK: (_NO_INSPECTOR,),
    Verb.SPOT_CHECK: (
        _NO_INSPECTOR,
        _Needs(
            lambda c, _: any(task.part is Part.SPOT_CHECK and task.open for task in c.tasks),
            "spot-check-open",
            "抽查尚未完成",
            "an inspector is on the way already",
        ),
    ),
    Verb.CALL_BACK: (
        _Needs(lambda _, m: m.said is None, "verdicts-required", "缺少回访结论", "contacted, solved, satisfied?"),
        _Needs(
            lambda _, m: m.report is not None and not m.standing.behind,
            "report-required",
            "该诉求不在本案",
            "name a report of the case",
        ),
    ),
    Verb.REPLY: (
        _Needs(lambda _, m: not m.note, "note-required", "必须填写说明", "a reply says what was done"),
        _Needs(
            lambda c, _: owed_reply(c) is None, "reply-not-owed", "无待回复的督办", "every supervision has its reply"
        ),
    ),
    Verb.REACH: (
        _Needs(
            lambda c, _: c.running(Clock.MILESTONE) is None,
            "milestone-none",
            "没有待完成的阶段",
            "the filing condition has no stage left",
        ),
    ),
}


def _check_given(case: Case, command: Command, at: datetime) -> None:
    """What single verbs cannot do without."""
    for need in _NEEDS.get(command.verb, ()):
        if need.lacks(case, command):
            raise Refused(need.code, need.title, need.detail)
    match command.verb:
        case Verb.DISPATCH:
            _check_units(case, command, lead=True)
        case Verb.REINFORCE:
            _check_units(case, command, lead=False)
        case Verb.RESUME if command.actor.role is Role.SYSTEM:
            until = case.running(Clock.SUSPENSION)
            if until is None or until.due_at >= at:
                raise Refused("deadline-not-due", "时限未到", "the database's clock decides")
        case verb if verb in ALARMS:
            ringing(case, command, at)
        case Verb.MERGE | Verb.ABSORB | Verb.SPLIT | Verb.RELEASE:
            _check_other(case, command)
        case Verb.RAISE | Verb.LOWER:
            _check_level(case, command)


def _check_other(case: Case, command: Command) -> None:
    other = command.other
    if other is None or other.id == case.id:
        raise Refused("other-case-required", "缺少另一案件", "name the case to merge with or to part from")
    if command.verb is Verb.MERGE and (other.merged_into or not other.open):
        raise Refused("other-case-ended", "主案已结束或已并入他案", "merge into an open case")
    if command.verb is Verb.MERGE and case.absorbed:
        raise Refused("other-case-absorbed", "其他案件已并入本案", "split what it absorbed, or merge the other way")
    if command.verb is Verb.MERGE and case.plan and case.state in DISPOSAL:
        raise Refused("plan-running", "本案正在联合处置", "merge the other case into this one")
    absorbed = other.id in case.absorbed
    if command.verb is Verb.ABSORB and absorbed:
        raise Refused("other-case-absorbed", "该案件已并入本案", "a case is absorbed once")
    parted = command.verb is Verb.SPLIT and case.merged_into != other.id
    if parted or (command.verb is Verb.RELEASE and not absorbed):
        raise Refused("other-case-required", "两案并非同一并单", "split from the case it was merged into")


def _check_level(case: Case, command: Command) -> None:
    if command.level is None:
        raise Refused("level-required", "必须指定层级", "name the level that shall handle the case")
    now = LEVELS.index(case.level) if case.level else None
    asked = LEVELS.index(command.level)
    if now is not None and (asked >= now if command.verb is Verb.RAISE else asked <= now):
        raise Refused("level-required", "层级方向有误", f"the case is handled by {case.level}")


def _check_task(case: Case, command: Command, target: State, at: datetime, policy: Policy) -> None:
    task = task_of(case, command)
    if not may_act(task, command.verb, command.actor):
        raise Refused("task-not-yours", "任务不属于本单位或已办结", f"task is {task.state}")
    if command.verb is Verb.ASSIGN and not command.worker:
        raise Refused("worker-required", "必须指定处置人员", "name who is sent")
    if command.verb is not Verb.SEND_BACK:
        return
    if task.worker:
        raise Refused("worker-assigned", "请先撤销指派", "unassign before sending back")
    if task.part is Part.LEAD and case.jointly:
        raise Refused("joint-decision-binds", "协商定责后不得退回", "the joint decision named this unit")
    within = policy.send_back.within
    if task.part is Part.LEAD and within and _too_late(task, within, at, policy):
        raise Refused("send-back-late", "已超过退回期限", f"within {within} of being offered")


def _too_late(task: Task, within: Limit, at: datetime, policy: Policy) -> bool:
    return at > policy.due(task.offered_at, within)


def _check_on_site(case: Case, command: Command, policy: Policy) -> None:
    """An inspector judges an own open task, with the photos and from the place the policy asks for."""
    if command.actor.role is not Role.INSPECTOR:
        return
    task = named_task(case, command)
    if task is None or not task.open or task.worker != command.actor.id:
        raise Refused("task-not-yours", "任务不属于本人或已办结", "take the task from your own list")
    asked = policy.on_site
    if len(command.photos) < asked.photos:
        raise Refused("photos-required", "现场照片不足", f"at least {asked.photos}")
    if asked.within_m is None or case.point is None:
        return
    if command.position is None:
        raise Refused("position-required", "缺少现场定位", "send where you are")
    if metres(command.position, case.point) > asked.within_m:
        raise Refused("too-far-away", "不在案发现场", f"within {asked.within_m:g} m of the place")


def _check_closing(case: Case, command: Command) -> None:
    """The closing condition is chosen, and shown where the filing condition asks for evidence (GB/T 30428.8)."""
    closing = command.closing or ("met" if command.verb is Verb.PASS else "")
    condition = case.condition
    if closing not in CLOSINGS:
        raise Refused("closing-required", "必须选择结案条件", f"one of {', '.join(CLOSINGS)}")
    if closing == "notice" and not (condition and condition.by_notice):
        raise Refused("closing-by-notice", "该立案条件不可告知性结案", "the condition allows no closing by notice")
    shown = command.photos or any(task.photos for task in case.tasks if task.part in (Part.LEAD, Part.CHECK))
    if closing == "met" and condition and condition.evidence and not shown:
        raise Refused("evidence-required", "结案须附照片", "the closing condition needs a photo")


def _check_filing(given: Command | Opening | None) -> None:
    if given is None or not (given.category and given.place and given.place.path):
        raise Refused("filing-incomplete", "立案要素不全", "category and place are mandatory at filing")
    if given.condition and given.condition.category != given.category.key:
        raise Refused("condition-mismatch", "立案条件不属于该小类", "take a condition of the category")


def _check_units(case: Case, command: Command, *, lead: bool) -> None:
    verdict = command.verdict
    if verdict is None or not (verdict.lead if lead else verdict.assist):
        raise Refused("unit-required", "必须指定单位", "dispatch needs a lead unit, reinforcement an assistant")
    units = (*((verdict.lead,) if lead else ()), *verdict.assist)
    at_work = {task.unit for task in case.tasks if task.open}
    if len(set(units)) != len(units) or not at_work.isdisjoint(units):
        raise Refused("unit-repeated", "同一单位不能重复派遣", "name each unit once")
    if len(command.new_tasks) != len(units):
        raise Refused("task-ids-invalid", "任务编号数量不符", f"{len(units)} units need as many new task ids")
