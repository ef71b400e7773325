"""What a command does to the deadlines of a case. Used by ``lifecycle.decide`` alone.

A stage's clock runs while the case is in that stage; a task's while the task is open; the case's from filing to
closing. Escalation never restarts a clock.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from domain.alarms import ALARMS, armed, rung
from domain.case import ENDED, UNFILED, Case, Clock, Deadline, DeadlineState, State
from domain.clock import Limit, TimeUnit
from domain.commands import Command, Verb
from domain.guards import ENOUGH, named_petition
from domain.ids import TaskId
from domain.limits import limit_of
from domain.petition import Matter
from domain.policy import Policy
from domain.task import Part, Task, TaskState

STAGE_OF: dict[State, Clock] = {
    State.REPORTED: Clock.INTAKE,
    State.VERIFYING: Clock.INTAKE,
    State.PENDING_FILING: Clock.FILING,
    State.PENDING_DISPATCH: Clock.DISPATCH,
    State.JOINT_DECISION: Clock.DISPATCH,
    State.PENDING_DISPOSAL: Clock.DISPOSAL,
    State.DISPOSING: Clock.DISPOSAL,
    State.SUSPENDED: Clock.DISPOSAL,
    State.DISPOSED: Clock.DISPOSAL,
    State.PENDING_CHECK: Clock.CHECK,
    State.CHECKING: Clock.CHECK,
    State.PENDING_CLOSE: Clock.CLOSE,
    State.CLOSED: Clock.CALL_BACK,
}
_TASK_CLOCK = {
    Part.ASSIST: Clock.ASSIST,
    Part.VERIFY: Clock.VERIFY,
    Part.CHECK: Clock.ON_SITE,
    Part.SPOT_CHECK: Clock.SPOT_CHECK,
}
# What stands still while a case is suspended (挂账); a reply that is owed does not.
_PAUSED = frozenset({Clock.DISPOSAL, Clock.ASSIST, Clock.MILESTONE, Clock.CASE})
# Steps that take work away instead of finishing it: a deadline that was still running is neither met nor missed.
_BREAKS = frozenset(
    {Verb.SEND_BACK, Verb.GRANT, Verb.RETURN, Verb.RECALL, Verb.RAISE, Verb.LOWER, Verb.MERGE, Verb.FORCE_CLOSE,
     Verb.WITHDRAW, Verb.RECOVER, Verb.UNASSIGN}
)  # fmt: skip
# What two merged cases share; a reply or a milestone belongs to one of them.
_OF_CASE = frozenset({Clock.INTAKE, Clock.FILING, Clock.DISPATCH, Clock.DISPOSAL, Clock.CASE})


def deadlines_after(
    case: Case | None, command: Command, target: State, tasks: tuple[Task, ...], at: datetime, policy: Policy
) -> tuple[Deadline, ...]:
    """The deadlines that this step sets, moves or ends, as they are after it. ``tasks`` are those it changed."""
    if case is not None and command.verb in ALARMS:
        return (rung(case, command, at, policy),)
    book = _Book(case, command, at, policy)
    book.stage(target)
    book.whole_case(target)
    book.of_tasks(tasks)
    book.pauses(target)
    book.moved()
    if case is not None and target in ENDED and case.open:
        book.let_go()
    return tuple(book.changed.values())


class _Book:
    """The deadlines of one case while one step is being worked out."""

    def __init__(self, case: Case | None, command: Command, at: datetime, policy: Policy) -> None:
        self._case = case
        self._command = command
        self._at = at
        self._policy = policy
        self._all = {(d.clock, d.cycle): d for d in case.deadlines} if case else {}
        self.changed: dict[tuple[Clock, int], Deadline] = {}

    def stage(self, target: State) -> None:
        """End the clock of the stage left, begin that of the stage entered."""
        before = STAGE_OF.get(self._case.state) if self._case else None
        after = STAGE_OF.get(target)
        if before is after:
            return
        if before is Clock.CALL_BACK:
            # re-opened for another reason, nobody has called the citizen back
            self._end(self._open(before), done=self._command.verb is Verb.CALL_BACK)
        elif before is not None:
            self._end(self._open(before))
        if before is Clock.DISPOSAL:
            self._end(self._open(Clock.MILESTONE))
        if after is Clock.CALL_BACK and not self._policy.steps.call_back:
            return
        if after is not None:
            self._begin_stage(after)

    def whole_case(self, target: State) -> None:
        """The case's own clock: from filing on, and anew when it is re-opened."""
        running = self._open(Clock.CASE)
        if target in UNFILED or target in ENDED:
            self._end(running)
        elif not running:
            self._begin(Clock.CASE)

    def of_tasks(self, tasks: Iterable[Task]) -> None:
        """Each task's own clock runs while the task is open."""
        for task in tasks:
            clock = _TASK_CLOCK.get(task.part) if task.open else None
            running = [d for d in self._all.values() if d.task == task.id and d.open]
            self._end([d for d in running if d.clock is not clock], done=task.state is TaskState.DONE)
            if clock is not None and not any(d.clock is clock for d in running):
                self._begin(clock, task)

    def pauses(self, target: State) -> None:
        """挂账 stops the clocks of the work until its date; 核实 stops the intake clock where the policy says so."""
        before = self._case.state if self._case else None
        if before is target:
            return
        if target is State.SUSPENDED:
            self._pause(_PAUSED)
            petition = self._case and named_petition(self._case, self._command)
            if petition and petition.until:
                self._put_until(petition.until)
        elif before is State.SUSPENDED:
            self._end(self._open(Clock.SUSPENSION))
            self._resume(_PAUSED)
        if target is State.VERIFYING and self._policy.verifying_pauses_intake:
            self._pause(frozenset({Clock.INTAKE}))
        elif before is State.VERIFYING:
            self._resume(frozenset({Clock.INTAKE}))

    def moved(self) -> None:
        """What the step itself does to a date: extension, merge, milestone, supervision, appeal."""
        case, command = self._case, self._command
        if case is None:
            return
        if command.verb is Verb.ABSORB and command.other:
            self._as_eldest(command.other)
        elif command.verb is Verb.REACH:
            self._end(self._open(Clock.MILESTONE)[:1])
        elif command.verb is Verb.SUPERVISE and command.replies:
            self._begin(Clock.REPLY)
        elif command.verb is Verb.REPLY:
            self._end(self._open(Clock.REPLY)[:1])
        elif command.verb is Verb.GRANT:
            self._granted(case)

    def let_go(self) -> None:
        """What still binds somebody on a case that has just ended was not done; a call-back comes after the end."""
        self._end([d for d in self._all.values() if d.open and d.clock is not Clock.CALL_BACK], done=False)

    def _granted(self, case: Case) -> None:
        petition = named_petition(case, self._command)
        if petition is None or not ENOUGH.holds(case, self._command, self._policy):
            return
        if petition.matter is Matter.EXTENSION:
            for deadline in self._open(Clock.DISPOSAL):
                self._move(deadline, self._policy.extended(deadline), self._policy.alarms(deadline.clock))
        elif petition.matter is Matter.APPEAL:
            for deadline in self._all.values():
                if (deadline.clock, deadline.cycle) == (petition.clock, petition.cycle):
                    self._put(replace(deadline, exempt=True))

    def _as_eldest(self, other: Case) -> None:
        """Of two merged cases the earlier promise holds (并单后按最早诉求计时)."""
        for theirs in (d for d in other.deadlines if d.clock in _OF_CASE):
            for ours in self._open(theirs.clock):
                running = DeadlineState.RUNNING
                if theirs.open and theirs.state is running is ours.state and theirs.due_at < ours.due_at:
                    self._move(ours, theirs.due_at, ours.alarms)

    def _open(self, clock: Clock) -> list[Deadline]:
        return [d for d in self._all.values() if d.clock is clock and d.open]

    def _begin_stage(self, clock: Clock) -> None:
        self._begin(clock)
        condition = self._case.condition if self._case else None
        if clock is Clock.DISPOSAL and condition and self._command.verb is not Verb.FAIL:
            for milestone in condition.stages:
                self._set(Clock.MILESTONE, milestone.limit, f"milestone {milestone.name}", condition.calendar)

    def _begin(self, clock: Clock, task: Task | None = None) -> None:
        limit, origin, calendar = limit_of(self._case, self._command, clock, task, self._at, self._policy)
        if limit is not None:
            self._set(clock, limit, origin, calendar, task.id if task else None)

    def _set(self, clock: Clock, limit: Limit, origin: str, calendar: str, task: TaskId | None = None) -> None:
        stays = self._stays(clock) if task is None and clock in self._policy.cumulative else []
        if stays:
            due = self._policy.visit(self._at, stays, limit, calendar)
        else:
            due = self._policy.due(self._at, limit, calendar)
        alarms = self._policy.alarms(clock)
        rings = self._policy.alarm(due, limit, calendar, alarms[0])
        fresh = (clock, self._cycle(clock), self._at, due, origin, limit, calendar)
        self._put(Deadline(*fresh, task=task, alarms=alarms, alarm_at=rings))

    def _stays(self, clock: Clock) -> list[tuple[datetime, datetime]]:
        """When the clock ran before, without the time it stood still."""
        stood = [(d.set_at, d.ended_at) for d in self._all.values() if d.ended_at and d.clock is self._pauser(clock)]
        stays = []
        for stay in self._all.values():
            if stay.clock is not clock or stay.ended_at is None:
                continue
            begin = stay.set_at
            for since, until in stood:
                if begin <= since < stay.ended_at:
                    stays.append((begin, since))
                    begin = min(until, stay.ended_at)
            stays.append((begin, stay.ended_at))
        return stays

    def _pauser(self, clock: Clock) -> Clock | None:
        if clock is Clock.INTAKE:
            return Clock.VERIFY if self._policy.verifying_pauses_intake else None
        return Clock.SUSPENSION if clock in _PAUSED else None

    def _put_until(self, until: datetime) -> None:
        """The end of a suspension is a date somebody named; it rings once, and the case resumes."""
        limit = Limit((until - self._at) / timedelta(days=1), TimeUnit.NATURAL_DAY)
        cycle = self._cycle(Clock.SUSPENSION)
        self._put(Deadline(Clock.SUSPENSION, cycle, self._at, until, "petition", limit, alarms=(1.0,), alarm_at=until))

    def _cycle(self, clock: Clock) -> int:
        return 1 + sum(known is clock for known, _ in self._all)

    def _end(self, deadlines: list[Deadline], done: bool | None = None) -> None:
        """End deadlines: met or missed where work was done, stopped where it was taken away."""
        met = self._command.verb not in _BREAKS if done is None else done
        for deadline in deadlines:
            state = deadline.state
            # a suspension ends after its date by design: its end is nobody's promise
            late = self._at > deadline.due_at and deadline.clock is not Clock.SUSPENSION
            if state is DeadlineState.PAUSED:
                state = DeadlineState.STOPPED
            elif state is DeadlineState.RUNNING and late:
                state = DeadlineState.MISSED
            elif state is DeadlineState.RUNNING:
                state = DeadlineState.MET if met else DeadlineState.STOPPED
            self._put(replace(deadline, state=state, alarms=(), alarm_at=None, left=None, ended_at=self._at))

    def _pause(self, clocks: frozenset[Clock]) -> None:
        for deadline in [d for d in self._all.values() if d.clock in clocks and d.open]:
            if deadline.state is DeadlineState.RUNNING and deadline.due_at >= self._at:
                left = self._policy.left(self._at, deadline)
                self._put(replace(deadline, state=DeadlineState.PAUSED, left=left, alarm_at=None))

    def _resume(self, clocks: frozenset[Clock]) -> None:
        for deadline in [d for d in self._all.values() if d.clock in clocks]:
            if deadline.state is DeadlineState.PAUSED:
                running = replace(deadline, state=DeadlineState.RUNNING, left=None)
                self._move(running, self._policy.resumed(self._at, deadline), deadline.alarms)

    def _move(self, deadline: Deadline, due_at: datetime, alarms: tuple[float, ...]) -> None:
        """Another date for a promise; what was promised first stays beside it."""
        first = deadline.first_due_at or (None if due_at == deadline.due_at else deadline.due_at)
        moved = replace(deadline, due_at=due_at, first_due_at=first, alarms=alarms)
        self._put(armed(moved, self._policy))

    def _put(self, deadline: Deadline) -> None:
        self._all[deadline.clock, deadline.cycle] = deadline
        self.changed[deadline.clock, deadline.cycle] = deadline
