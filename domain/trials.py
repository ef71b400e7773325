"""Commands as complete as a desk could make them, to ask the law what is possible. For ``lifecycle.allowed`` alone.

What a person fills in (a reason, a photo, a unit) is given here; what only the case has (a task, a petition, a missed
deadline) is taken from it, one trial for each. If the law takes none of them, the verb is no button.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from domain.actor import Actor
from domain.alarms import ALARMS
from domain.case import Case, DeadlineState, State, Verdict
from domain.catalogue import Category, Kind
from domain.checks import ON_TASK
from domain.clock import Limit, TimeUnit
from domain.commands import Command, Said, Verb
from domain.ids import CaseId, ReportId, TaskId
from domain.petition import PetitionState
from domain.place import LEVELS, Level, Place
from domain.plan import Activation, Share
from domain.policy import Policy
from domain.standing import Standing
from domain.task import Part

_NEW = UUID(int=2**128 - 1)
_NOBODY = frozenset({Verb.DEFER, Verb.REINFORCE})
_SHARE = Share("?", Part.LEAD, Limit(1, TimeUnit.MINUTE))
_CATEGORY = Category("?", Kind.EVENT, "?", "?", "?", "?")


def trials(case: Case, verb: Verb, actor: Actor, at: datetime, policy: Policy) -> Iterator[Command]:
    """The commands with this verb that could differ in what the law answers."""
    whole = _whole(case, verb, actor, at, policy)
    if verb in ON_TASK:
        yield from (replace(whole, task=task.id) for task in case.tasks if task.open)
    if verb in (Verb.PASS, Verb.FAIL):
        yield whole
    elif verb in (Verb.GRANT, Verb.DENY):
        asked = (petition for petition in case.petitions if petition.state is PetitionState.ASKED)
        yield from (replace(whole, petition=petition.id) for petition in asked)
    elif verb is Verb.APPEAL:
        missed = (d for d in case.deadlines if d.state is DeadlineState.MISSED)
        yield from (replace(whole, clock=d.clock, cycle=d.cycle) for d in missed)
    elif verb in ALARMS:
        ringing = (d for d in case.deadlines if d.alarms)
        yield from (replace(whole, clock=d.clock, cycle=d.cycle, share=d.alarms[0]) for d in ringing)
    elif verb is Verb.RESUME:
        yield from (replace(whole, cycle=d.cycle) for d in case.deadlines if d.open)
    elif verb in (Verb.WITHDRAW, Verb.RECOVER):
        yield replace(whole, standing=Standing(behind=case.behind > 0))
    elif verb is Verb.CALL_BACK:
        yield replace(whole, report=None)
    elif verb not in ON_TASK:
        yield whole


def _whole(case: Case, verb: Verb, actor: Actor, at: datetime, policy: Policy) -> Command:
    codes = policy.reasons.get(verb)
    return Command(
        verb,
        actor,
        case.id,
        report=ReportId(_NEW),
        new_tasks=(TaskId(_NEW),),
        new_id=_NEW,
        verdict=Verdict(None if verb in _NOBODY else "?", ("?",) if verb is Verb.REINFORCE else ()),
        category=_CATEGORY,
        place=Place(("?",)),
        reason=min(codes) if codes else "?",
        note="?",
        worker="?",
        photos=("?",) * max(policy.on_site.photos, 1),
        position=case.point,
        closing="met",
        until=at + policy.longest_suspension,
        said=Said(),
        level=_next_level(case, verb),
        plan=Activation("?", "?", (_SHARE,)),
        other=_other(case, verb) if verb in (Verb.MERGE, Verb.SPLIT) else None,
    )


def _next_level(case: Case, verb: Verb) -> Level | None:
    """One up for 提级, else one down; None at the end of the ladder."""
    now = LEVELS.index(case.level) if case.level else 1
    asked = now - 1 if verb is Verb.RAISE else now + 1
    return LEVELS[asked] if 0 <= asked < len(LEVELS) else None


def _other(case: Case, verb: Verb) -> Case:
    """The case it was merged into, or any open one."""
    merged = case.merged_into if verb is Verb.SPLIT else None
    return replace(case, id=merged or CaseId(_NEW), state=State.REPORTED, merged_into=None)
