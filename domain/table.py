"""The law as data: every transition of a case with verb, actors, guard, Chinese term and ground.

docs/lifecycle.md is generated from it, and tests walk every state × verb × role. Which of the actors of a row may
really act is the city's policy (``Policy.may``); which steps exist is too, by the guards.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from domain import guards as g
from domain.actor import Role
from domain.case import CLOSED_STATES, ENDED, State
from domain.commands import Verb
from domain.guards import Guard


@dataclass(frozen=True, slots=True)
class Transition:
    """One row of the law. ``source`` None opens a case; of the rows of one state and verb the first that fits holds."""

    source: State | None
    verb: Verb
    target: State
    actors: frozenset[Role]
    says: str
    ground: str
    guard: Guard | None = None


_SYSTEM = frozenset({Role.SYSTEM})
_DESK = frozenset({Role.DESK, Role.ADMIN})
_CHIEF = frozenset({Role.CHIEF, Role.ADMIN})
_FILERS = _SYSTEM | _DESK | _CHIEF
_DISPATCH = frozenset({Role.DISPATCHER, Role.CHIEF, Role.ADMIN})
_UNIT = frozenset({Role.UNIT})
_OFFICER = frozenset({Role.OFFICER})
_INSPECTOR = frozenset({Role.INSPECTOR})
_OFFICE = _DESK | _DISPATCH
_OVERSEER = _DISPATCH | {Role.SUPERVISOR}
_CALLER = frozenset({Role.HOTLINE, Role.INSPECTOR})
_CALLBACK = _DESK | {Role.CALLBACK, Role.HOTLINE}

OPEN = tuple(state for state in State if state not in ENDED)
DISPOSAL = (State.PENDING_DISPOSAL, State.DISPOSING)
UNDISPATCHED = (
    State.REPORTED, State.VERIFYING, State.PENDING_FILING, State.PENDING_DISPATCH, State.JOINT_DECISION
)  # fmt: skip
CLOSED = tuple(state for state in State if state in CLOSED_STATES)
DISPATCHED = (
    *DISPOSAL, State.SUSPENDED, State.DISPOSED, State.PENDING_CHECK, State.CHECKING, State.PENDING_CLOSE,
    *CLOSED, State.FORCE_CLOSED
)  # fmt: skip
MERGEABLE = (*UNDISPATCHED, *DISPOSAL)
_AWAITING = (State.PENDING_DISPATCH, State.JOINT_DECISION)

_S8 = "国办函〔2025〕66号 (五)"
_S2 = "国办函〔2025〕66号 (二)"
_T3 = "GB/T 47678.5-2026 table 3"
_30428 = "GB/T 30428.8 practice"
_PRACTICE = "practice of city operation centres"


def _rows(
    sources: State | Iterable[State] | None,
    verb: Verb,
    target: State | None,
    actors: frozenset[Role],
    says: str,
    ground: str = _30428,
    guard: Guard | None = None,
) -> Iterator[Transition]:
    """One row for each source; a target of None stays where it is."""
    for source in (sources,) if sources is None or isinstance(sources, State) else sources:
        stays = target or source
        if stays is None:
            raise ValueError(f"{verb} opens a case and needs a target")
        yield Transition(source, verb, stays, actors, says, ground, guard)


def _intake() -> Iterator[Transition]:
    yield from _rows(None, Verb.REGISTER, State.REPORTED, _FILERS, "登记，待受理", _S2)
    yield from _rows(None, Verb.ADMIT, State.PENDING_FILING, _SYSTEM, "自动受理，待立案", _S2)
    yield from _rows(None, Verb.FILE, State.PENDING_DISPATCH, _SYSTEM, "立案", _T3)
    yield from _rows(State.REPORTED, Verb.VERIFY, State.VERIFYING, _SYSTEM | _DESK, "发核实")
    yield from _rows(State.VERIFYING, Verb.PASS, State.REPORTED, _INSPECTOR, "核实属实", guard=g.VERIFYING)
    yield from _rows(State.VERIFYING, Verb.FAIL, State.REPORTED, _INSPECTOR, "核实不属实", guard=g.VERIFYING)
    yield from _rows(State.VERIFYING, Verb.RETURN, State.REPORTED, _DESK, "撤回核实")
    yield from _rows(State.REPORTED, Verb.ADMIT, State.PENDING_FILING, _DESK, "受理", _S2, g.FILING_STEP)
    yield from _rows(State.REPORTED, Verb.FILE, State.PENDING_DISPATCH, _FILERS, "受理并立案", _T3, g.MAY_FILE_AT_ONCE)
    yield from _rows(State.REPORTED, Verb.REFUSE, State.NOT_ACCEPTED, _DESK, "不予受理", _S2)
    yield from _rows(State.PENDING_FILING, Verb.FILE, State.PENDING_DISPATCH, _DESK | _CHIEF, "立案", _T3)
    yield from _rows(State.PENDING_FILING, Verb.DECLINE, State.NOT_FILED, _DESK | _CHIEF, "不予立案")
    yield from _rows(State.PENDING_FILING, Verb.RETURN, State.REPORTED, _DESK | _CHIEF, "回退受理员")
    early = (State.REPORTED, State.VERIFYING)
    yield from _rows(early, Verb.WITHDRAW, State.WITHDRAWN, _CALLER, "上报人撤回", _PRACTICE, g.LAST_REPORT)
    yield from _rows(early, Verb.WITHDRAW, None, _CALLER, "撤回其中一件诉求", _PRACTICE, ~g.LAST_REPORT)
    passed = g.LAST_REPORT & g.RECOVERY_WITHDRAWS
    yield from _rows(UNDISPATCHED, Verb.RECOVER, State.WITHDRAWN, _SYSTEM, "自动恢复，撤销报警", _PRACTICE, passed)
    yield from _rows(OPEN, Verb.RECOVER, None, _SYSTEM, "自动恢复，记入案卷", _PRACTICE)
    yield from _rows(OPEN, Verb.JOIN, None, _SYSTEM | _OFFICE, "并入同一事件的诉求", _S8)
    yield from _rows(UNDISPATCHED, Verb.CANCEL, None, _OFFICE, "申请作废", _PRACTICE)


def _dispatch() -> Iterator[Transition]:
    waiting = State.PENDING_DISPATCH
    yield from _rows(waiting, Verb.DISPATCH, State.PENDING_DISPOSAL, _SYSTEM | _DISPATCH, "派遣", _S8)
    yield from _rows(State.JOINT_DECISION, Verb.DISPATCH, State.PENDING_DISPOSAL, _DISPATCH, "协商定责后派遣", _S8)
    yield from _rows(waiting, Verb.DEFER, None, _SYSTEM, "无规则，转派遣席", _S8)
    yield from _rows(_AWAITING, Verb.RETURN, State.PENDING_FILING, _DISPATCH, "退回立案岗", guard=g.FILING_STEP)
    yield from _rows(_AWAITING, Verb.RETURN, State.REPORTED, _DISPATCH, "退回受理岗", guard=~g.FILING_STEP)
    yield from _rows(DISPOSAL, Verb.RECALL, waiting, _DISPATCH, "收回改派", _S8)
    yield from _rows(DISPOSAL, Verb.REINFORCE, None, _DISPATCH, "增派协办", _S8)
    starters = _SYSTEM | _OVERSEER
    yield from _rows(waiting, Verb.ACTIVATE, State.PENDING_DISPOSAL, starters, "启动预案", _PRACTICE)
    yield from _rows(State.JOINT_DECISION, Verb.ACTIVATE, State.PENDING_DISPOSAL, _OVERSEER, "启动预案", _PRACTICE)
    yield from _rows(DISPOSAL, Verb.ACTIVATE, None, _OVERSEER, "处置中启动预案", _PRACTICE)
    movers = _UNIT | _OVERSEER
    yield from _rows(_AWAITING, Verb.RAISE, None, _OVERSEER, "提级", _PRACTICE)
    jointly = g.PLANNED & g.MY_CASE_OR_OFFICE
    yield from _rows(DISPOSAL, Verb.RAISE, None, movers, "提级，联合处置继续", _PRACTICE, jointly)
    yield from _rows(DISPOSAL, Verb.RAISE, waiting, movers, "吹哨、提级办理", _PRACTICE, g.MY_CASE_OR_OFFICE)
    yield from _rows(_AWAITING, Verb.LOWER, None, _OVERSEER, "下派", _PRACTICE)
    yield from _rows(DISPOSAL, Verb.LOWER, None, _OVERSEER, "下派，联合处置继续", _PRACTICE, g.PLANNED)
    yield from _rows(DISPOSAL, Verb.LOWER, waiting, _OVERSEER, "下派", _PRACTICE)


def _disposal() -> Iterator[Transition]:
    pending, disposing = DISPOSAL
    back = State.PENDING_DISPATCH
    yield from _rows(pending, Verb.ACCEPT, disposing, _UNIT, "主办接单", guard=g.LEAD)
    yield from _rows(pending, Verb.ACCEPT, disposing, _UNIT, "首接负责，转为主办", _S8, g.ASSIST & g.FIRST)
    yield from _rows(DISPOSAL, Verb.ACCEPT, None, _UNIT, "协办接单", guard=g.ASSIST)
    yield from _rows(DISPOSAL, Verb.ASSIGN, disposing, _UNIT, "指派处置人员", guard=g.LEAD)
    yield from _rows(DISPOSAL, Verb.ASSIGN, None, _UNIT, "协办指派人员", guard=g.ASSIST)
    yield from _rows(disposing, Verb.UNASSIGN, pending, _UNIT, "撤销指派", guard=g.LEAD)
    yield from _rows(DISPOSAL, Verb.UNASSIGN, None, _UNIT, "协办撤销指派", guard=g.ASSIST)
    yield from _rows(DISPOSAL, Verb.SEND_BACK, None, _UNIT, "申请退回", _S8, g.LEAD & ~g.DIRECT)
    yield from _rows(
        DISPOSAL, Verb.SEND_BACK, State.JOINT_DECISION, _UNIT, "再次退回，转协商定责", _S8, g.LEAD & g.PING_PONG
    )
    yield from _rows(DISPOSAL, Verb.SEND_BACK, back, _UNIT, "主办退回", _S8, g.LEAD)
    yield from _rows(DISPOSAL, Verb.SEND_BACK, None, _UNIT, "协办退回", _S8, g.ASSIST)
    yield from _rows(disposing, Verb.REACH, None, _UNIT, "阶段完成", guard=g.MY_CASE)
    done = g.LEAD & g.REPORTED_BACK
    yield from _rows(disposing, Verb.FINISH, State.DISPOSED, _UNIT, "处置完成，待部门确认", guard=done & g.CONFIRM_STEP)
    yield from _rows(disposing, Verb.FINISH, State.PENDING_CHECK, _UNIT, "处置完成，待核查", guard=done)
    yield from _rows(DISPOSAL, Verb.FINISH, None, _UNIT, "协办办结", guard=g.ASSIST)
    yield from _rows(State.DISPOSED, Verb.CONFIRM, State.PENDING_CHECK, _UNIT, "部门确认，待核查", guard=g.MY_CASE)
    yield from _rows(State.DISPOSED, Verb.RETURN, disposing, _UNIT, "退回处置人员", guard=g.MY_CASE)
    yield from _rows(DISPOSAL, Verb.EXTEND, None, _UNIT, "申请延期", guard=g.MY_CASE)
    yield from _rows(DISPOSAL, Verb.SUSPEND, None, _UNIT, "申请挂账", guard=g.MY_CASE)
    resumers = _SYSTEM | _DISPATCH | _UNIT
    yield from _rows(
        State.SUSPENDED, Verb.RESUME, pending, resumers, "恢复，待处置", guard=g.MY_CASE_OR_OFFICE & g.WAS_PENDING
    )
    yield from _rows(State.SUSPENDED, Verb.RESUME, disposing, resumers, "恢复处置", guard=g.MY_CASE_OR_OFFICE)


def _answers() -> Iterator[Transition]:
    by = _OVERSEER
    yield from _rows(DISPOSAL, Verb.GRANT, None, by, "同意延期", guard=g.EXTENSION & g.ENOUGH)
    yield from _rows(DISPOSAL, Verb.GRANT, State.SUSPENDED, by, "同意挂账", guard=g.SUSPENSION & g.ENOUGH)
    yield from _rows(
        DISPOSAL,
        Verb.GRANT,
        State.JOINT_DECISION,
        by,
        "同意退回，转协商定责",
        _S8,
        g.SEND_BACK & g.ENOUGH & g.PING_PONG,
    )
    yield from _rows(DISPOSAL, Verb.GRANT, State.PENDING_DISPATCH, by, "同意退回", _S8, g.SEND_BACK & g.ENOUGH)
    yield from _rows(UNDISPATCHED, Verb.GRANT, State.VOID, by, "同意作废", _PRACTICE, g.VOID & g.ENOUGH)
    yield from _rows(DISPATCHED, Verb.GRANT, None, by, "同意申诉，超期免责", _PRACTICE, g.APPEAL & g.ENOUGH)
    answerable = (*UNDISPATCHED, *DISPATCHED)
    yield from _rows(answerable, Verb.GRANT, None, by, "一级同意，待复审", _PRACTICE, ~g.ENOUGH)
    yield from _rows(answerable, Verb.DENY, None, by, "不同意", _PRACTICE)


def _check() -> Iterator[Transition]:
    senders = _SYSTEM | _OFFICER | _OFFICE
    again = State.PENDING_DISPOSAL
    yield from _rows(State.PENDING_CHECK, Verb.CHECK, State.CHECKING, senders, "发核查")
    yield from _rows(State.CHECKING, Verb.RETURN, State.PENDING_CHECK, _OFFICER | _OFFICE, "撤回核查")
    for source, actors, guard in (
        (State.PENDING_CHECK, _OFFICER, g.DESK_CHECK),
        (State.CHECKING, _INSPECTOR, g.CHECKING),
    ):
        yield from _rows(source, Verb.PASS, State.PENDING_CLOSE, actors, "核查通过，待结案", guard=guard & g.CLOSE_STEP)
        yield from _rows(source, Verb.PASS, State.CLOSED, actors, "核查通过，结案", guard=guard)
        yield from _rows(source, Verb.FAIL, again, actors, "核查不通过，返工", guard=guard)
    yield from _rows(State.PENDING_CLOSE, Verb.CLOSE, State.CLOSED, _DESK | _CHIEF, "结案")
    yield from _rows(State.PENDING_CLOSE, Verb.RETURN, State.PENDING_CHECK, _DESK | _CHIEF, "退回核查")


def _afterwards() -> Iterator[Transition]:
    again = State.PENDING_DISPATCH
    yield from _rows(CLOSED, Verb.CALL_BACK, again, _CALLBACK, "回访不满意，重办", _S8, g.REOPENS)
    yield from _rows(CLOSED, Verb.CALL_BACK, State.EVALUATED, _CALLBACK, "回访、评价", _S8)
    yield from _rows(CLOSED, Verb.REOPEN, again, _DESK | _CHIEF, "重办", _PRACTICE)
    yield from _rows(State.FORCE_CLOSED, Verb.REOPEN, State.REPORTED, _CHIEF, "恢复受理", _PRACTICE, g.UNFILED)
    yield from _rows(State.FORCE_CLOSED, Verb.REOPEN, again, _CHIEF, "重办", _PRACTICE)
    rejected = (State.NOT_ACCEPTED, State.NOT_FILED)
    yield from _rows(rejected, Verb.REOPEN, State.REPORTED, _CHIEF, "恢复受理", _PRACTICE)
    yield from _rows(CLOSED, Verb.SPOT_CHECK, None, _SYSTEM | {Role.SUPERVISOR, Role.ADMIN}, "抽查", _PRACTICE)
    yield from _rows(CLOSED, Verb.PASS, None, _INSPECTOR, "抽查合格", _PRACTICE, g.SPOT)
    yield from _rows(CLOSED, Verb.FAIL, again, _INSPECTOR, "抽查不合格，重办", _PRACTICE, g.SPOT)
    yield from _rows(DISPATCHED, Verb.APPEAL, None, _UNIT, "超期申诉", _PRACTICE, g.MY_PART)


def _oversight() -> Iterator[Transition]:
    urgers = _OFFICE | {Role.HOTLINE, Role.CALLBACK, Role.SUPERVISOR}
    yield from _rows(OPEN, Verb.URGE, None, urgers, "催办", _PRACTICE)
    yield from _rows(OPEN, Verb.SUPERVISE, None, _OVERSEER, "督办", _PRACTICE)
    yield from _rows(State, Verb.REPLY, None, _UNIT, "督办回复", _PRACTICE, g.MY_PART)
    yield from _rows(MERGEABLE, Verb.MERGE, State.MERGED, _OFFICE, "并单", _S8)
    yield from _rows(OPEN, Verb.ABSORB, None, _OFFICE, "并入他案", _S8)
    yield from _rows(State.MERGED, Verb.SPLIT, State.REPORTED, _OFFICE, "拆单，待受理", _S8, g.UNFILED)
    yield from _rows(State.MERGED, Verb.SPLIT, State.PENDING_DISPATCH, _OFFICE, "拆单，重新派遣", _S8)
    # what has absorbed another is not merged itself
    mains = tuple(state for state in State if state is not State.MERGED)
    yield from _rows(mains, Verb.RELEASE, None, _OFFICE, "拆出他案", _S8)
    yield from _rows(OPEN, Verb.FORCE_CLOSE, State.FORCE_CLOSED, _CHIEF, "强制结案", _PRACTICE)
    timed = (*OPEN, *CLOSED)
    yield from _rows(timed, Verb.WARN, None, _SYSTEM, "临期预警")
    yield from _rows(timed, Verb.EXPIRE, None, _SYSTEM, "超期")
    yield from _rows(timed, Verb.ESCALATE, None, _SYSTEM, "超期升级督办")


TABLE: tuple[Transition, ...] = (
    *_intake(), *_dispatch(), *_disposal(), *_answers(), *_check(), *_afterwards(), *_oversight()
)  # fmt: skip
