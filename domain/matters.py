"""What a command does to the petitions, supervisions and call-backs of a case. For ``lifecycle.decide``."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from domain.case import Case, Clock, Deadline, DeadlineState, State
from domain.commands import Command, Verb
from domain.errors import Refused
from domain.guards import ENOUGH, named_petition
from domain.oversight import CallBack, Supervision
from domain.petition import Consent, Matter, Petition, PetitionId, PetitionState
from domain.policy import Policy
from domain.table import DISPATCHED, DISPOSAL, UNDISPATCHED
from domain.task import Part

MATTER_OF: dict[Verb, Matter] = {
    Verb.EXTEND: Matter.EXTENSION,
    Verb.SUSPEND: Matter.SUSPENSION,
    Verb.CANCEL: Matter.VOID,
    Verb.APPEAL: Matter.APPEAL,
    Verb.SEND_BACK: Matter.SEND_BACK,
}
# Where an answer to a petition still means something; elsewhere it lapses.
_STANDS: dict[Matter, tuple[State, ...]] = {
    Matter.EXTENSION: DISPOSAL,
    Matter.SUSPENSION: DISPOSAL,
    Matter.SEND_BACK: DISPOSAL,
    Matter.VOID: UNDISPATCHED,
    Matter.APPEAL: DISPATCHED,
}
_UNITS_CLOCKS = frozenset({Clock.DISPOSAL, Clock.MILESTONE, Clock.CASE, Clock.REPLY})


def petitions_after(
    case: Case | None, command: Command, target: State, at: datetime, policy: Policy
) -> tuple[Petition, ...]:
    """The petitions this command makes or answers, and those that lapse because the case went on."""
    if case is None:
        return ()
    changed = {petition.id: petition for petition in _asked_or_answered(case, command, target, at, policy)}
    for petition in case.petitions:
        now = changed.get(petition.id, petition)
        if now.state is PetitionState.ASKED and target not in _STANDS[now.matter]:
            changed[now.id] = replace(now, state=PetitionState.LAPSED, answered_at=at)
    return tuple(changed.values())


def _asked_or_answered(case: Case, command: Command, target: State, at: datetime, policy: Policy) -> Iterator[Petition]:
    if asks(command, case, target):
        if command.new_id is None or any(petition.id == command.new_id for petition in case.petitions):
            raise Refused("petition-id-required", "缺少申请编号", "a petition needs a fresh id")
        yield Petition(
            PetitionId(command.new_id),
            MATTER_OF[command.verb],
            command.actor,
            at,
            command.reason,
            task=command.task,
            until=command.until,
            clock=command.clock or "",
            cycle=command.cycle,
        )
    petition = named_petition(case, command)
    if petition is None or command.verb not in (Verb.GRANT, Verb.DENY):
        return
    answered = replace(petition, answered_by=command.actor, answered_at=at, answer=command.note or command.reason)
    if command.verb is Verb.DENY:
        yield replace(answered, state=PetitionState.DENIED)
        return
    consents = (*petition.consents, Consent(command.actor, at, command.note))
    if ENOUGH.holds(case, command, policy):
        yield replace(answered, state=PetitionState.GRANTED, consents=consents)
    else:
        yield replace(petition, consents=consents)


def asks(command: Command, case: Case, target: State) -> bool:
    """Whether the command asks for something; a lead's 退回 does where the case stays, for it needs consent then."""
    if command.verb is Verb.SEND_BACK:
        lead = case.lead
        return target is case.state and lead is not None and lead.id == command.task
    return command.verb in MATTER_OF


def check_asking(case: Case, command: Command, matter: Matter, at: datetime, policy: Policy) -> None:
    """Whether this may be asked now. Raises ``Refused``."""
    if case.asked(matter) is not None:
        raise Refused("petition-open", "同类申请尚未答复", f"a petition for {matter} waits for an answer")
    granted = sum(p.matter is matter and p.state is PetitionState.GRANTED for p in case.petitions)
    if matter is Matter.EXTENSION:
        _check_extension(case, at, granted, policy)
    elif matter is Matter.SUSPENSION:
        if command.until is None or not at < command.until <= at + policy.longest_suspension:
            days = policy.longest_suspension.days
            raise Refused("until-invalid", "挂账截止时间有误", f"name an end in the future, at most {days} days ahead")
        if granted >= policy.suspensions:
            raise Refused("petition-limit", "申请次数已达上限", f"{policy.suspensions} suspensions a case")
    elif matter is Matter.APPEAL:
        _check_appeal(case, command)


def _check_extension(case: Case, at: datetime, granted: int, policy: Policy) -> None:
    if granted >= policy.extensions:
        raise Refused("petition-limit", "申请次数已达上限", f"{policy.extensions} extensions a case")
    _check_in_time(case, at)


def _check_in_time(case: Case, at: datetime) -> None:
    running = case.running(Clock.DISPOSAL)
    if running is None or running.state is not DeadlineState.RUNNING or running.due_at < at:
        raise Refused("deadline-passed", "时限已过，不能延期", "only a deadline that is not over; afterwards appeal")


def _check_appeal(case: Case, command: Command) -> None:
    named = (command.clock, command.cycle)
    missed = next((d for d in case.deadlines if (d.clock, d.cycle) == named), None)
    if missed is None or missed.state is not DeadlineState.MISSED or missed.exempt or not _binds(case, command, missed):
        raise Refused("appeal-impossible", "该时限不可申诉", "name clock and cycle of a deadline your unit missed")
    appeals = [p for p in case.petitions if p.matter is Matter.APPEAL and p.state is not PetitionState.LAPSED]
    if any((p.clock, p.cycle) == named for p in appeals):
        raise Refused("petition-limit", "申请次数已达上限", "a deadline is appealed once")


def _binds(case: Case, command: Command, deadline: Deadline) -> bool:
    """Whether the deadline is one that the actor's unit had to keep: an assistant's own, else that of who led."""
    mine = [task for task in case.tasks if task.unit == command.actor.unit]
    if deadline.task is not None:
        return any(task.id == deadline.task for task in mine)
    return deadline.clock in _UNITS_CLOCKS and any(task.part is Part.LEAD for task in mine)


def check_answer(case: Case, command: Command, at: datetime, policy: Policy) -> None:
    """Whether this actor may answer the petition. Raises ``Refused``."""
    petition = named_petition(case, command)
    if petition is None or petition.state is not PetitionState.ASKED:
        raise Refused("petition-unknown", "申请不存在或已答复", "take the petition's id from the case")
    if command.actor.role not in policy.granted_by[petition.matter]:
        raise Refused("actor-not-allowed", "无权执行此操作", f"{command.actor.role} grants no {petition.matter}")
    others = {petition.by.id, *(consent.by.id for consent in petition.consents)}
    if command.actor.id in others:
        raise Refused("four-eyes", "须由他人审批", "who asked or agreed before cannot agree again")
    if command.verb is Verb.DENY:
        return
    if petition.matter is Matter.EXTENSION:
        _check_in_time(case, at)
    elif petition.matter is Matter.SUSPENSION and (petition.until is None or petition.until <= at):
        raise Refused("until-invalid", "挂账截止时间已过", "the date asked for is over; deny it and ask again")


def supervision_after(case: Case | None, command: Command, at: datetime) -> Supervision | None:
    """The supervision this command sets up or answers."""
    if case is None:
        return None
    if command.verb is Verb.SUPERVISE:
        # a supervision is never milder than the one before (催办 → 督办 → 通报)
        level = 1 + max((s.level for s in case.supervisions), default=0)
        number = len(case.supervisions) + 1
        return Supervision(number, level, command.actor, at, command.reason, reply_due=command.replies)
    if command.verb is Verb.REPLY:
        owed = owed_reply(case)
        return owed and replace(owed, reply=command.note, replied_by=command.actor, replied_at=at)
    return None


def owed_reply(case: Case) -> Supervision | None:
    """The eldest supervision that waits for its reply, if any."""
    return next((s for s in case.supervisions if s.reply_due and s.replied_at is None), None)


def call_back_after(case: Case | None, command: Command, at: datetime) -> CallBack | None:
    """The call-back this command reports."""
    if case is None or command.verb is not Verb.CALL_BACK or command.said is None:
        return None
    said = command.said
    return CallBack(command.actor, at, said.contacted, said.solved, said.satisfied, command.report, command.note)
