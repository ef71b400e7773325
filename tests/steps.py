"""The steps of the trade as commands on one case, each by the person whose step it is unless a test says otherwise."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, ClassVar

from domain.actor import SYSTEM, Actor
from domain.case import Case, Clock, Deadline, Verdict
from domain.commands import Command, Said, Verb
from domain.crowd import Crowd
from domain.ids import ReportId
from domain.petition import Petition, PetitionState
from domain.place import Level
from domain.plan import Activation
from domain.policy import Policy
from domain.task import Task
from tests.values import (
    CALLBACK,
    CHIEF,
    DESK,
    DISPATCHER,
    HOTLINE,
    INSPECTOR,
    MONDAY,
    OFFICER,
    ROADS,
    SUPERVISOR,
    a_category,
    a_condition,
    a_place,
    a_policy,
    a_verdict,
    an_activation,
    an_id,
    an_opening,
    task_ids,
    worker,
)


class Steps:
    """What may be asked of the case as it stands; nothing happens yet."""

    crowd: ClassVar[Crowd] = Crowd()
    """Who stands behind the cases of all stories: a merge is about two of them."""

    def __init__(self, start: datetime = MONDAY, policy: Policy | None = None) -> None:
        self.policy = policy or a_policy()
        self.now = start
        self._case: Case | None = None

    @property
    def case(self) -> Case:
        """The case as it stands."""
        assert self._case is not None, "the story has not begun"
        return self._case

    @property
    def reports(self) -> tuple[ReportId, ...]:
        """The reports behind the case."""
        return self.crowd.behind(self.case.id)

    def withdrew(self, report: ReportId) -> bool:
        """Whether the report was taken back from the case."""
        return self.crowd.of(self.case.id, report).withdrawn

    def task(self, unit: str) -> Task:
        """The latest task of a unit."""
        return next(task for task in reversed(self.case.tasks) if task.unit == unit)

    def visit(self) -> Task | None:
        """The open task of an inspector, if one was sent."""
        return next((task for task in self.case.tasks if task.on_site and task.open), None)

    def petition(self) -> Petition:
        """The latest petition that waits for an answer, else the latest of all."""
        waiting = [p for p in self.case.petitions if p.state is PetitionState.ASKED]
        return (waiting or self.case.petitions)[-1]

    def _by(self, actor: Actor, verb: Verb, **what: Any) -> Command:
        return Command(verb, actor, self.case.id, **what)

    def _of(self, unit: str, verb: Verb, **what: Any) -> Command:
        return self._by(worker(unit), verb, task=self.task(unit).id, **what)

    # intake

    def register(self, **changes: Any) -> Command:
        """A doubtful report goes to the desk."""
        return Command(Verb.REGISTER, SYSTEM, opening=an_opening(**changes))

    def admit(self, actor: Actor = DESK, **changes: Any) -> Command:
        """受理: of a case at the desk, or by itself."""
        if self._case is None:
            return Command(Verb.ADMIT, SYSTEM, opening=an_opening(**changes))
        return self._by(actor, Verb.ADMIT)

    def file(self, actor: Actor = DESK, **changes: Any) -> Command:
        """立案: of a case that waits at the desk, or at once."""
        if self._case is None:
            return Command(Verb.FILE, SYSTEM, opening=an_opening(**changes))
        given = {"category": a_category(), "condition": a_condition(), "place": a_place()}
        return self._by(actor, Verb.FILE, **{**given, **changes})

    def refuse(self, reason: str = "out-of-scope") -> Command:
        """不予受理."""
        return self._by(DESK, Verb.REFUSE, reason=reason)

    def decline(self, reason: str = "not-standing") -> Command:
        """不予立案."""
        return self._by(CHIEF, Verb.DECLINE, reason=reason)

    def verify(self, actor: Actor = DESK, who: str = INSPECTOR.id) -> Command:
        """发核实."""
        return self._by(actor, Verb.VERIFY, worker=who, new_tasks=task_ids())

    def returns(self, actor: Actor, reason: str = "not-here") -> Command:
        """回退 to the post before."""
        return self._by(actor, Verb.RETURN, reason=reason)

    def withdraw(self, report: ReportId | None = None, actor: Actor = HOTLINE) -> Command:
        """The caller takes a report back."""
        return self._by(
            actor, Verb.WITHDRAW, report=report or next(iter(self.reports), ReportId(an_id())), reason="settled"
        )

    def recover(self) -> Command:
        """Every sensor behind the only report has recovered."""
        return self._by(SYSTEM, Verb.RECOVER, report=self.reports[0], reason="recovered")

    def join(self, report: ReportId | None = None, actor: Actor = SYSTEM) -> Command:
        """Another report about the same incident."""
        return self._by(actor, Verb.JOIN, report=report or ReportId(an_id()))

    # dispatch

    def dispatch(self, lead: str = ROADS, *assist: str, actor: Actor = SYSTEM, **verdict: Any) -> Command:
        """派遣 to a lead unit and its assistants."""
        tasks = task_ids(1 + len(assist))
        return self._by(actor, Verb.DISPATCH, verdict=a_verdict(lead, assist, **verdict), new_tasks=tasks)

    def defer(self) -> Command:
        """No rule matches: the duty desk must dispatch."""
        return self._by(SYSTEM, Verb.DEFER, verdict=a_verdict(None))

    def recall(self, reason: str = "wrong-unit") -> Command:
        """收回改派."""
        return self._by(DISPATCHER, Verb.RECALL, reason=reason)

    def reinforce(self, *assist: str, optional: tuple[str, ...] = ()) -> Command:
        """增派协办."""
        verdict = Verdict(None, assist, optional)
        return self._by(DISPATCHER, Verb.REINFORCE, verdict=verdict, new_tasks=task_ids(len(assist)))

    def activate(self, plan: Activation | None = None, actor: Actor = DISPATCHER) -> Command:
        """启动预案."""
        plan = plan or an_activation()
        return self._by(actor, Verb.ACTIVATE, plan=plan, new_tasks=task_ids(len(plan.shares)))

    def raises(self, level: Level = Level.CITY, actor: Actor = DISPATCHER) -> Command:
        """提级, 吹哨."""
        return self._by(actor, Verb.RAISE, level=level, reason="beyond-us")

    def lowers(self, level: Level = Level.STREET, actor: Actor = DISPATCHER) -> Command:
        """下派."""
        return self._by(actor, Verb.LOWER, level=level, reason="theirs")

    # disposal

    def accept(self, unit: str = ROADS) -> Command:
        """接单."""
        return self._of(unit, Verb.ACCEPT)

    def assign(self, unit: str = ROADS, who: str = "老王") -> Command:
        """指派处置人员."""
        return self._of(unit, Verb.ASSIGN, worker=who)

    def unassign(self, unit: str = ROADS) -> Command:
        """撤销指派."""
        return self._of(unit, Verb.UNASSIGN)

    def send_back(self, unit: str = ROADS, reason: str = "not-ours") -> Command:
        """退回, or the request for it."""
        return self._of(unit, Verb.SEND_BACK, reason=reason, new_id=an_id())

    def reach(self, unit: str = ROADS) -> Command:
        """阶段完成."""
        return self._by(worker(unit), Verb.REACH)

    def finish(self, unit: str = ROADS, note: str = "修好了", photos: tuple[str, ...] = ()) -> Command:
        """处置完成."""
        return self._of(unit, Verb.FINISH, note=note, photos=photos)

    def confirm(self, unit: str = ROADS) -> Command:
        """部门确认."""
        return self._by(worker(unit), Verb.CONFIRM)

    def resume(self, actor: Actor = DISPATCHER) -> Command:
        """恢复."""
        return self._by(actor, Verb.RESUME, cycle=sum(d.clock is Clock.SUSPENSION for d in self.case.deadlines))

    # petitions

    def extend(self, unit: str = ROADS) -> Command:
        """申请延期."""
        return self._by(worker(unit), Verb.EXTEND, reason="rain", new_id=an_id())

    def suspend(self, days: float = 10, unit: str = ROADS) -> Command:
        """申请挂账."""
        until = self.now + timedelta(days=days)
        return self._by(worker(unit), Verb.SUSPEND, reason="no-asphalt", until=until, new_id=an_id())

    def cancel(self, actor: Actor = DISPATCHER) -> Command:
        """申请作废."""
        return self._by(actor, Verb.CANCEL, reason="test-call", new_id=an_id())

    def appeal(self, clock: Clock = Clock.DISPOSAL, cycle: int = 1, unit: str = ROADS) -> Command:
        """超期申诉."""
        return self._by(worker(unit), Verb.APPEAL, reason="storm", clock=clock, cycle=cycle, new_id=an_id())

    def grant(self, actor: Actor = CHIEF, petition: Petition | None = None) -> Command:
        """同意."""
        return self._by(actor, Verb.GRANT, petition=(petition or self.petition()).id, note="agreed")

    def deny(self, actor: Actor = CHIEF) -> Command:
        """不同意."""
        return self._by(actor, Verb.DENY, petition=self.petition().id, reason="no-ground")

    # check and end

    def check(self, actor: Actor = OFFICER, who: str = INSPECTOR.id) -> Command:
        """发核查."""
        return self._by(actor, Verb.CHECK, worker=who, new_tasks=task_ids())

    def passes(self, **changes: Any) -> Command:
        """核查通过: by the inspector who was sent, else by an officer at the desk."""
        return replace(self._judged(Verb.PASS), **changes)

    def fails(self, **changes: Any) -> Command:
        """核查不通过: rework."""
        return replace(self._judged(Verb.FAIL), **{"reason": "still-broken", "new_tasks": task_ids(), **changes})

    def _judged(self, verb: Verb) -> Command:
        task, asked = self.visit(), self.policy.on_site
        photos = tuple(f"photo-{n}" for n in range(max(asked.photos, 1)))
        if task is None:
            return self._by(OFFICER, verb, photos=photos)
        inspector = replace(INSPECTOR, id=task.worker)
        return self._by(inspector, verb, task=task.id, photos=photos, position=self.case.point)

    def close(self, closing: str = "met", actor: Actor = CHIEF, **changes: Any) -> Command:
        """结案."""
        return replace(self._by(actor, Verb.CLOSE, closing=closing), **changes)

    def call_back(self, solved: bool | None = True, satisfied: bool | None = True, **changes: Any) -> Command:
        """回访."""
        return replace(self._by(CALLBACK, Verb.CALL_BACK, said=Said(True, solved, satisfied)), **changes)

    def reopen(self, actor: Actor = CHIEF) -> Command:
        """重办."""
        return self._by(actor, Verb.REOPEN, reason="came-back")

    def spot_check(self, actor: Actor = SUPERVISOR, who: str = INSPECTOR.id) -> Command:
        """抽查."""
        return self._by(actor, Verb.SPOT_CHECK, worker=who, new_tasks=task_ids())

    # oversight

    def urge(self, actor: Actor = HOTLINE) -> Command:
        """催办."""
        return self._by(actor, Verb.URGE)

    def supervise(self, replies: bool = True, actor: Actor = SUPERVISOR) -> Command:
        """督办."""
        return self._by(actor, Verb.SUPERVISE, reason="leaders-ask", replies=replies)

    def reply(self, unit: str = ROADS, note: str = "明日完工") -> Command:
        """督办回复."""
        return self._by(worker(unit), Verb.REPLY, note=note)

    def merge(self, other: Case) -> Command:
        """并单, into the other."""
        return self._by(DESK, Verb.MERGE, other=other, reason="same-incident")

    def absorb(self, other: Case) -> Command:
        """The other side of a merge."""
        return self._by(DESK, Verb.ABSORB, other=other)

    def split(self, other: Case) -> Command:
        """拆单, from the other."""
        return self._by(DESK, Verb.SPLIT, other=other, reason="two-holes")

    def release(self, other: Case) -> Command:
        """The other side of a split."""
        return self._by(DESK, Verb.RELEASE, other=other)

    def force_close(self, reason: str = "not-curable") -> Command:
        """强制结案."""
        return self._by(CHIEF, Verb.FORCE_CLOSE, reason=reason)

    # the clock

    def ring(self, deadline: Deadline | None = None) -> Command:
        """The next alarm, of this deadline or of the case: a warning, the breach, a rung of the ladder."""
        known = [d for d in ([deadline] if deadline else self.case.deadlines) if d.alarm_at is not None]
        if not known:
            return self._by(SYSTEM, Verb.EXPIRE, clock=Clock.INTAKE, cycle=1)
        rings = min(known, key=lambda d: d.alarm_at or MONDAY)
        share = rings.alarms[0]
        verb = Verb.EXPIRE if share == 1.0 else Verb.WARN if share < 1.0 else Verb.ESCALATE
        if rings.clock is Clock.SUSPENSION:
            verb = Verb.RESUME
        return self._by(SYSTEM, verb, clock=rings.clock, cycle=rings.cycle, share=share)

    def expire(self, clock: Clock | None = None) -> Command:
        """The clock finds the running deadline over; its warning has rung."""
        open_ = [d for d in self.case.deadlines if d.ended_at is None and clock in (None, d.clock)]
        named, cycle = (open_[0].clock, open_[0].cycle) if open_ else (clock or Clock.INTAKE, 1)
        return self._by(SYSTEM, Verb.EXPIRE, clock=named, cycle=cycle)
