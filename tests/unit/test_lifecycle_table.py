"""Every state × verb × role: what a row of the table allows succeeds, everything else is refused."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from domain.case import State
from domain.commands import SYSTEM, Actor, Command, Role, Verb
from domain.errors import Conflict, Refused
from domain.ids import ReportId, TaskId
from domain.lifecycle import TABLE, Transition, allowed
from domain.task import Part
from tests.build import (
    DRAINS,
    PARKS,
    ROADS,
    Story,
    a_category,
    a_condition,
    a_place,
    a_story,
    a_verdict,
    an_actor,
    an_id,
    an_opening,
)

STATES: list[State | None] = [None, *State]
LATE = {Verb.DISPATCH, Verb.DEFER, Verb.EXPIRE}  # what the system repeats when a message comes twice


def awaiting_helper(story: Story) -> Story:
    """The lead unit has finished; one assistant still works."""
    return story.do(story.accept(DRAINS)).do(story.finish(ROADS))


# How each row comes about: a story that stands before it, and the command that takes it.
Arranged = tuple[Story, Command]
ARRANGED: dict[str, Callable[[State | None], Arranged]] = {
    "在疑登记，待受理": lambda _: (s := Story(), s.register()),
    "立案": lambda _: (s := Story(), s.file()),
    "受理并立案": lambda source: (s := a_story(source), s.file()),
    "不予受理": lambda source: (s := a_story(source), s.refuse()),
    "派遣": lambda source: (s := a_story(source), s.dispatch(ROADS, DRAINS)),
    "无规则，转派遣席": lambda source: (s := a_story(source), s.defer()),
    "主办接单": lambda source: (s := a_story(source, DRAINS), s.accept(ROADS)),
    "协办接单": lambda source: (s := a_story(source, DRAINS), s.accept(DRAINS)),
    "主办退回": lambda source: (s := a_story(source, DRAINS), s.send_back(ROADS)),
    "协办退回": lambda source: (s := a_story(source, DRAINS), s.send_back(DRAINS)),
    "最后一个协办退回，主办已办结": lambda source: (s := awaiting_helper(a_story(source, DRAINS)), s.send_back(DRAINS)),
    "协办办结": lambda source: (s := a_story(source, DRAINS), s.do(s.accept(DRAINS)).finish(DRAINS)),
    "处置完成，待核查": lambda source: (s := a_story(source), s.finish(ROADS)),
    "办结，待其他单位": lambda source: (s := a_story(source, DRAINS), s.finish(ROADS)),
    "核查通过，结案": lambda source: (s := a_story(source), s.passes()),
    "核查不通过，返工": lambda source: (s := a_story(source), s.fails()),
    "并入同一事件的诉求": lambda source: (s := a_story(source), s.join()),
    "超期，督办": lambda source: (s := past_due(a_story(source)), s.expire()),
}


def past_due(story: Story) -> Story:
    story.now = max(d.due_at for d in story.case.deadlines)
    return story


def acting(story: Story, command: Command, role: Role) -> Command:
    """The same command given by somebody of another role; a unit acts for the task's own unit."""
    unit = next((t.unit for t in story.case.tasks if t.id == command.task), ROADS) if command.case else ROADS
    return replace(command, actor=an_actor(role, unit if role is Role.UNIT else None))


def row_id(row: Transition) -> str:
    return f"{row.source}-{row.verb}-{row.target}"


@pytest.mark.parametrize("row", TABLE, ids=row_id)
def test_what_a_row_allows_succeeds_for_each_of_its_actors(row: Transition) -> None:
    for role in sorted(row.actors):
        story, command = ARRANGED[row.says](row.source)
        command = acting(story, command, role)
        before = None if row.source is None else story.case
        if before is not None:
            assert before.state is row.source
            assert row.verb in allowed(before, command.actor), f"{role} is not shown a button for {row.verb}"
        story.do(command)
        assert story.case.state is row.target
        assert story.case.version == (before.version + 1 if before else 1)
        assert story.happened[-1].actor.role is role


@pytest.mark.parametrize("row", TABLE, ids=row_id)
def test_the_row_taken_is_the_row_meant(row: Transition) -> None:
    """At most one row holds for one command, so the order of the table never decides."""
    story, command = ARRANGED[row.says](row.source)
    rivals = [other for other in TABLE if (other.source, other.verb) == (row.source, row.verb)]
    if len(rivals) > 1:
        assert [r for r in rivals if r.guard is not None and r.guard(story.case, command)] == [row]


def complete(story: Story, verb: Verb, actor: Actor) -> Command:
    """A command with everything any verb could ask for, so that only the law can be the reason to refuse it."""
    case = story.case if story.happened else None
    mine = [t for t in case.tasks if t.open and t.unit == actor.unit] if case else []
    running = next((d for d in case.deadlines if d.ended_at is None), None) if case else None
    return Command(
        verb,
        actor,
        case.id if case else None,
        opening=None if case else an_opening(),
        report=ReportId(an_id()),
        task=mine[0].id if mine else None,
        new_tasks=(TaskId(an_id()),),
        verdict=a_verdict(None) if verb is Verb.DEFER else a_verdict(),
        category=a_category(),
        condition=a_condition(),
        place=a_place(),
        reason="because",
        clock=running.clock if running else None,
        cycle=running.cycle if running else 0,
    )


@pytest.mark.parametrize("verb", Verb)
@pytest.mark.parametrize("state", STATES)
def test_whatever_no_row_allows_is_refused(state: State | None, verb: Verb) -> None:
    for role in Role:
        if any(row.source is state and row.verb is verb and role in row.actors for row in TABLE):
            continue
        story = a_story(state, DRAINS)
        actor = an_actor(role, ROADS if role is Role.UNIT else None)
        command = complete(story, verb, actor)
        if state is not None:
            past_due(story)
            assert verb not in allowed(story.case, actor)
        if state is not None and role is Role.SYSTEM and verb in LATE:
            assert story.ask(command).events == (), "the system's own commands may come late; then nothing happens"
            continue
        with pytest.raises(Refused) as caught:
            story.ask(command)
        assert caught.value.code in {"verb-not-allowed", "actor-not-allowed"}
        assert not isinstance(caught.value, Conflict)


@pytest.mark.parametrize("verb", [Verb.ACCEPT, Verb.SEND_BACK, Verb.FINISH])
@pytest.mark.parametrize("state", [State.PENDING_DISPOSAL, State.DISPOSING])
def test_another_units_task_is_not_yours(state: State, verb: Verb) -> None:
    story = a_story(state, DRAINS)
    stranger = an_actor(Role.UNIT, PARKS)
    assert verb not in allowed(story.case, stranger)
    for task in story.case.tasks:
        with pytest.raises(Refused):
            story.ask(Command(verb, stranger, story.case.id, task=task.id, reason="not-ours"))


@pytest.mark.parametrize("verb", [Verb.ACCEPT, Verb.SEND_BACK, Verb.FINISH])
def test_a_task_that_nobody_gave_cannot_be_worked(verb: Verb) -> None:
    story = a_story(State.DISPOSING, DRAINS)
    for task in (None, TaskId(an_id())):
        with pytest.raises(Refused):
            story.ask(Command(verb, an_actor(Role.UNIT, ROADS), story.case.id, task=task, reason="not-ours"))


@pytest.mark.parametrize("part", Part)
def test_a_finished_task_is_not_worked_again(part: Part) -> None:
    unit = {Part.LEAD: ROADS, Part.ASSIST: DRAINS}[part]
    story = a_story(State.DISPOSING, DRAINS, PARKS)
    story.do(story.accept(DRAINS)).do(story.finish(unit))
    for again in (story.accept(unit), story.send_back(unit), story.finish(unit)):
        with pytest.raises(Refused):
            story.ask(again)


def test_work_is_accepted_before_it_is_finished() -> None:
    story = a_story(State.PENDING_DISPOSAL, DRAINS)
    for unit in (ROADS, DRAINS):
        with pytest.raises(Refused):
            story.ask(story.finish(unit))


@pytest.mark.parametrize("actor", [SYSTEM, an_actor(Role.VIEWER), an_actor(Role.HOTLINE), an_actor(Role.INSPECTOR)])
def test_who_only_looks_or_reports_is_shown_no_button(actor: Actor) -> None:
    shown = {state: set(allowed(a_story(state, DRAINS).case, actor)) for state in State}
    automatic = {Verb.FILE, Verb.JOIN, *LATE} if actor.role is Role.SYSTEM else set()
    assert set().union(*shown.values()) == automatic
