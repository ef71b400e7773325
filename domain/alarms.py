"""A deadline's alarms: each rings once, in order, the moment after it is due. For ``domain.deadlines``."""

from dataclasses import replace
from datetime import datetime

from domain.case import Case, Clock, Deadline, DeadlineState
from domain.commands import Command, Verb
from domain.errors import Refused
from domain.policy import Policy

ALARMS = frozenset({Verb.WARN, Verb.EXPIRE, Verb.ESCALATE})


def to_ring(case: Case, command: Command) -> Deadline | None:
    """The deadline whose next alarm a command names, if that has not rung yet."""
    for deadline in case.deadlines:
        if (deadline.clock, deadline.cycle) == (command.clock, command.cycle) and deadline.open:
            rings = deadline.alarms[:1] == (command.share,) and command.verb is _alarm_verb(command.share)
            return deadline if rings and deadline.clock is not Clock.SUSPENSION else None
    return None


def _alarm_verb(share: float) -> Verb:
    if share == 1.0:
        return Verb.EXPIRE
    return Verb.WARN if share < 1.0 else Verb.ESCALATE


def ringing(case: Case, command: Command, at: datetime) -> Deadline:
    """The deadline whose next alarm a command names. Raises ``Refused`` where it does not ring yet."""
    deadline = to_ring(case, command)
    if deadline is None or deadline.alarm_at is None or deadline.alarm_at >= at:
        raise Refused("deadline-not-due", "时限未到", "the database's clock decides")
    return deadline


def rung(case: Case, command: Command, at: datetime, policy: Policy) -> Deadline:
    """The deadline after its next alarm rang; the one after that is set."""
    alarm = ringing(case, command, at)
    state = DeadlineState.MISSED if command.verb is Verb.EXPIRE else alarm.state
    return armed(replace(alarm, state=state, alarms=alarm.alarms[1:]), policy)


def armed(deadline: Deadline, policy: Policy) -> Deadline:
    """The deadline with the moment its next alarm rings."""
    if not deadline.alarms:
        return replace(deadline, alarm_at=None)
    alarm = policy.alarm(deadline.due_at, deadline.limit, deadline.calendar, deadline.alarms[0])
    return replace(deadline, alarm_at=alarm)
