"""What the people around a case could do when it is their turn, and what anybody might ask out of turn."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from domain.actor import SYSTEM, Actor, Role
from domain.case import Case, Clock, DeadlineState, State, Verdict
from domain.clock import Limit, TimeUnit
from domain.commands import Command, Said, Verb
from domain.ids import ReportId, TaskId
from domain.petition import Matter, PetitionState
from domain.place import LEVELS
from domain.policy import Ladder, OnSite, Policy
from domain.task import Part, Task, TaskState
from tests.build import Story, a_full_policy, steps_on
from tests.values import (
    CHIEF,
    DESK,
    DISPATCHER,
    DRAINS,
    INSPECTOR,
    PARKS,
    ROADS,
    SUPERVISOR,
    a_category,
    a_condition,
    a_place,
    a_policy,
    an_activation,
    an_id,
    task_ids,
    worker,
)

UNITS = (ROADS, DRAINS, PARKS)
ACTORS = (
    *(Actor(f"{role}-1", role) for role in Role if role not in (Role.UNIT, Role.SYSTEM)),
    *map(worker, UNITS),
    replace(CHIEF, id="chief-2"),
    replace(INSPECTOR, id="inspector-2"),
    SYSTEM,
)
POLICIES: dict[str, Policy] = {
    "as it is by default": a_policy(),
    "everything on": a_full_policy(),
    "no steps, quick to alarm, consents for all": a_policy(
        consents={**a_policy().consents, Matter.SEND_BACK: 1, Matter.EXTENSION: 2},
        ladders=dict.fromkeys(Clock, Ladder(0.5, (2.0, 3.0))),
        rework_limit=Limit(1, TimeUnit.WORK_HOUR),
    ),
    "a drill": a_policy(exercise_pace=60.0, steps=steps_on("call_back"), on_site=OnSite(required=True)),
}


def in_turn(story: Story) -> list[Command]:
    """The ordinary way to the end: what somebody could do whose turn it is."""
    case = story.case
    work = [step for task in case.tasks if task.open and task.unit for step in _work(story, task)]
    return [*_forward(story, case), *work, *_petitions(story, case)]


def in_between(story: Story, other: Story, pick: int) -> list[Command]:
    """What comes from the side: petitions and their answers, oversight, other ways, seldom a merge or a forced end."""
    case = story.case
    steps = [*_sideways(story, case), *_petitions(story, case)]
    if case.merged_into == other.case.id:
        steps += [story.split(other.case)] * 3
    if pick % 8 == 0 and case.state is not State.MERGED and other.case.open:
        steps += [story.merge(other.case)] * 3
    if pick % 8 == 1:
        steps += [story.force_close()] * 3
    return steps


def _forward(story: Story, case: Case) -> list[Command]:
    """The ordinary way to the end."""
    match case.state:
        case State.REPORTED:
            return [story.file(), story.admit(), story.verify()]
        case State.VERIFYING | State.CHECKING:
            return [story.passes(), story.passes(), story.fails()]
        case State.PENDING_FILING:
            return [story.file(CHIEF)]
        case State.PENDING_DISPATCH | State.JOINT_DECISION:
            helped = story.dispatch(ROADS, DRAINS, PARKS, actor=DISPATCHER, optional=(PARKS,))
            return [story.dispatch(ROADS, DRAINS), story.dispatch(PARKS, actor=DISPATCHER), helped]
        case State.SUSPENDED:
            return [story.resume(), story.ring()]
        case State.DISPOSED if case.lead and case.lead.unit:
            return [story.confirm(case.lead.unit)]
        case State.PENDING_CHECK:
            return [story.passes(), story.check(), story.fails()]
        case State.PENDING_CLOSE:
            return [story.close()]
        case State.CLOSED | State.EVALUATED:
            return [story.call_back(), story.call_back(solved=False), story.spot_check(), story.passes()]
    return [story.reopen()]


def _sideways(story: Story, case: Case) -> Iterator[Command]:
    """What may come between."""
    unit = case.lead.unit if case.lead and case.lead.unit else ROADS
    yield from (story.join(), story.urge(), story.supervise(replies=bool(case.version % 2)), story.reply(unit))
    match case.state:
        case State.REPORTED | State.VERIFYING:
            yield from (story.withdraw(), story.refuse(), story.cancel(), story.returns(DESK))
        case State.PENDING_FILING:
            yield from (story.decline(), story.returns(CHIEF), story.cancel(DESK))
        case State.PENDING_DISPATCH | State.JOINT_DECISION:
            yield from (story.defer(), story.returns(DISPATCHER), story.activate(), story.raises(), story.lowers())
        case State.PENDING_DISPOSAL | State.DISPOSING:
            yield from (story.extend(unit), story.suspend(3, unit), story.reach(unit), story.recall())
            yield from (story.reinforce(PARKS), story.activate(actor=SUPERVISOR), story.raises(), story.lowers())
        case State.DISPOSED:
            yield story.returns(worker(unit))
        case State.CHECKING:
            yield story.returns(DISPATCHER)
        case State.PENDING_CLOSE:
            yield story.returns(CHIEF)
        case State.CLOSED | State.EVALUATED:
            yield from (story.reopen(), story.fails(), story.spot_check())


def _work(story: Story, task: Task) -> list[Command]:
    unit = task.unit or ROADS
    if task.state is TaskState.OFFERED:
        return [story.accept(unit), story.accept(unit), story.assign(unit), story.send_back(unit)]
    done = story.finish(unit, note=f"work {an_id().int}", photos=("after",))
    return [done, done, done, story.unassign(unit), story.send_back(unit)]


def _petitions(story: Story, case: Case) -> Iterator[Command]:
    if any(petition.state is PetitionState.ASKED for petition in case.petitions):
        yield from (story.grant(), story.grant(replace(CHIEF, id="chief-2")), story.deny())
    for one in case.deadlines:
        if one.state is DeadlineState.MISSED and not one.exempt:
            unit = next((t.unit for t in case.tasks if one.task in (None, t.id) and t.part is not Part.CHECK), None)
            yield story.appeal(one.clock, one.cycle, unit or ROADS)


def out_of_turn(story: Story, other: Story, verb: Verb, actor: Actor, pick: int) -> Command:
    """Anything, by anybody, with whatever a careless door could send along."""
    case = story.case
    tasks = [None, TaskId(UUID(int=0)), *(task.id for task in case.tasks)]
    known = [None, *case.deadlines]
    deadline = known[pick % len(known)]
    units = UNITS[pick % 3 :]
    verdict = Verdict(None if verb in (Verb.DEFER, Verb.REINFORCE) else units[0], () if pick % 2 else units[1:])
    stale = case.tasks[0].id if case.tasks and pick % 11 == 0 else None
    return Command(
        verb,
        actor,
        case.id,
        expected=(None, None, case.version, case.version - 1)[pick % 4],
        report=story.reports[0] if story.reports and pick % 3 else ReportId(an_id()),
        task=tasks[pick % len(tasks)],
        new_tasks=(stale,) if stale else task_ids(1 + pick % 3),
        new_id=case.petitions[0].id if case.petitions and pick % 5 == 0 else an_id(),
        verdict=verdict,
        category=a_category(),
        condition=a_condition() if pick % 2 else None,
        place=a_place(),
        reason="" if pick % 7 == 0 else "because",
        note="" if pick % 7 == 1 else "because",
        clock=deadline.clock if deadline else None,
        cycle=deadline.cycle if deadline else 0,
        share=(0.5, 0.8, 1.0, 1.5, 2.0)[pick % 5],
        worker="" if pick % 5 == 0 else INSPECTOR.id,
        photos=("photo",) * (pick % 3),
        position=case.point if pick % 3 else None,
        closing=("", "met", "notice")[pick % 3],
        petition=case.petitions[pick % len(case.petitions)].id if case.petitions else None,
        until=story.now + timedelta(days=pick % 400 - 1),
        said=Said(True, bool(pick % 2), bool(pick % 3)) if pick % 5 else None,
        level=LEVELS[pick % len(LEVELS)],
        replies=bool(pick % 2),
        plan=an_activation() if pick % 5 else an_activation(shares=()),
        other=other.case if pick % 5 else case,
    )
