"""Every state × verb × role: what a row of the table allows succeeds, everything else is refused."""

from dataclasses import replace

import pytest

from domain.actor import Actor, Role
from domain.case import State
from domain.commands import Command, Verb
from domain.errors import Conflict, Refused
from domain.ids import ReportId
from domain.lifecycle import PAIRED, TABLE, Transition, allowed, decide
from domain.trials import trials
from tests.build import (
    DRAINS,
    PARKS,
    ROADS,
    Story,
    a_category,
    a_condition,
    a_full_policy,
    a_place,
    a_policy,
    a_story,
    a_verdict,
    an_activation,
    an_actor,
    an_id,
    an_opening,
    task_ids,
)
from tests.rows import ARRANGED, acting, arranged

STATES: list[State | None] = [None, *State]
# What the system may say too late or twice: then nothing happens.
SAID_TWICE = {
    Verb.FILE, Verb.DISPATCH, Verb.DEFER, Verb.ACTIVATE, Verb.VERIFY, Verb.CHECK, Verb.RESUME, Verb.WARN, Verb.EXPIRE,
    Verb.ESCALATE
}  # fmt: skip


def rows_of(state: State | None) -> list[Transition]:
    return [row for row in TABLE if row.source is state]


def taken(story: Story, command: Command) -> Transition:
    """The first row of the table that holds, as the law reads it."""
    source = story.case.state if story.happened else None
    rows = [row for row in rows_of(source) if row.verb is command.verb and command.actor.role in row.actors]
    told = story.informed(command)
    return next(row for row in rows if not row.guard or row.guard.holds(story.case, told, story.policy))


@pytest.mark.parametrize("state", STATES)
def test_what_a_row_allows_succeeds_for_each_of_its_actors(state: State | None) -> None:
    """Every row is taken by a story, by each of its roles; who may do it is shown the button before."""
    for row in rows_of(state):
        for role in sorted(row.actors):
            story, command = arranged(row)
            command = acting(story, command, role)
            before = story.case if state else None
            assert (before.state if before else None) is row.source
            assert taken(story, command) is row, f"{row.verb} {row.says} takes another row"
            shown = before and allowed(before, command.actor, story.policy, story.now)
            assert shown is None or row.verb in shown or row.verb in PAIRED, f"no button {row.verb} for {role}"
            story.do(command, story.now)
            assert story.case.state is row.target, (row, role)
            assert story.case.version == (before.version + 1 if before else 1)
            assert story.happened[-1].actor.role is role
            assert story.replayed() == story.case


def test_no_arrangement_is_left_over() -> None:
    assert ARRANGED.keys() <= {(row.verb, row.says) for row in TABLE}


def complete(story: Story, verb: Verb, actor: Actor) -> Command:
    """A command with everything any verb could ask for, so that only the law can be the reason to refuse it."""
    case = story.case if story.happened else None
    mine = [t for t in case.tasks if t.open and t.unit == actor.unit] if case else []
    return Command(
        verb,
        actor,
        case.id if case else None,
        opening=None if case else an_opening(),
        report=next(iter(story.reports if case and verb is Verb.WITHDRAW else ()), ReportId(an_id())),
        task=mine[0].id if mine else None,
        new_tasks=task_ids(),
        new_id=an_id(),
        verdict=a_verdict(None) if verb is Verb.DEFER else a_verdict(PARKS),
        category=a_category(),
        condition=a_condition(),
        place=a_place(),
        reason="because",
        note="because",
        worker="somebody",
        plan=an_activation(),
        closing="met",
    )


@pytest.mark.parametrize("state", STATES)
def test_whatever_no_row_allows_is_refused(state: State | None) -> None:
    story = a_story(state, DRAINS)
    for verb in Verb:
        rows = [row for row in rows_of(state) if row.verb is verb]
        for role in Role:
            if any(role in row.actors for row in rows):
                continue
            actor = an_actor(role, ROADS if role is Role.UNIT else None)
            command = complete(story, verb, actor)
            if state is not None:
                assert verb not in allowed(story.case, actor, story.policy)
                if role is Role.SYSTEM and verb in SAID_TWICE:
                    assert story.ask(command).events == (), "the system's own commands may come late"
                    continue
            with pytest.raises(Refused) as caught:
                story.ask(command)
            assert caught.value.code == ("actor-not-allowed" if rows else "verb-not-allowed")
            assert not isinstance(caught.value, Conflict)


@pytest.mark.parametrize("state", State)
def test_no_button_always_fails(state: State) -> None:
    """Whatever is shown as a button, the law takes some command with that verb, events and all."""
    for policy in (a_policy(), a_full_policy()):
        story = a_story(state, DRAINS, policy=policy if state not in NEEDS_A_STEP else a_full_policy())
        for role in Role:
            for unit in (ROADS, DRAINS, PARKS) if role is Role.UNIT else (None,):
                actor = an_actor(role, unit)
                for verb in allowed(story.case, actor, story.policy):
                    given = [replace(t, opening=None) for t in trials(story.case, verb, actor, story.now, story.policy)]
                    assert any(goes(story, command) for command in given), f"{verb} always fails for {actor}"


NEEDS_A_STEP = {State.DISPOSED, State.PENDING_CLOSE}


def goes(story: Story, command: Command) -> bool:
    try:
        return bool(decide(story.case, command, story.case.updated_at, story.policy).events)
    except Refused:
        return False


def test_the_other_side_of_a_merge_is_nobodys_button() -> None:
    for state in State:
        case = a_story(state).case
        assert not PAIRED & {verb for role in Role for verb in allowed(case, an_actor(role, ROADS), a_policy())}


@pytest.mark.parametrize("role", [Role.VIEWER])
def test_who_only_looks_is_shown_no_button(role: Role) -> None:
    assert not any(allowed(a_story(state, DRAINS).case, an_actor(role), a_policy()) for state in State)


def test_a_city_may_narrow_who_does_a_step_and_never_widen_it() -> None:
    story = a_story(State.REPORTED, policy=a_policy(may={Verb.REFUSE: frozenset({Role.ADMIN, Role.UNIT})}))
    assert Verb.REFUSE not in allowed(story.case, an_actor(Role.DESK), story.policy)
    for role, code in ((Role.DESK, "actor-not-allowed"), (Role.UNIT, "actor-not-allowed")):
        with pytest.raises(Refused) as caught:
            story.ask(acting(story, story.refuse(), role))
        assert caught.value.code == code
    story.do(acting(story, story.refuse(), Role.ADMIN))
    assert story.case.state is State.NOT_ACCEPTED


@pytest.mark.parametrize("verb", [Verb.ACCEPT, Verb.ASSIGN, Verb.SEND_BACK, Verb.FINISH])
@pytest.mark.parametrize("state", [State.PENDING_DISPOSAL, State.DISPOSING])
def test_another_units_task_is_not_yours(state: State, verb: Verb) -> None:
    story = a_story(state, DRAINS)
    stranger = an_actor(Role.UNIT, PARKS)
    assert verb not in allowed(story.case, stranger, story.policy)
    for task in story.case.tasks:
        with pytest.raises(Refused) as caught:
            story.ask(replace(complete(story, verb, stranger), task=task.id))
        assert caught.value.code in {"task-not-yours", "guard-not-met"}


@pytest.mark.parametrize("verb", [Verb.ACCEPT, Verb.ASSIGN, Verb.SEND_BACK, Verb.FINISH])
def test_a_task_that_nobody_gave_cannot_be_worked(verb: Verb) -> None:
    story = a_story(State.DISPOSING, DRAINS)
    for task in (None, *task_ids()):
        with pytest.raises(Refused):
            story.ask(replace(complete(story, verb, an_actor(Role.UNIT, ROADS)), task=task))


def test_a_finished_task_is_not_worked_again() -> None:
    story = a_story(State.DISPOSING, DRAINS, PARKS)
    story.do(story.accept(DRAINS)).do(story.finish(DRAINS))
    for again in (story.accept(DRAINS), story.send_back(DRAINS), story.finish(DRAINS)):
        with pytest.raises(Refused) as caught:
            story.ask(again)
        assert caught.value.code == "task-not-yours"


def test_work_is_accepted_before_it_is_finished() -> None:
    story = a_story(State.PENDING_DISPOSAL, DRAINS)
    for unit in (ROADS, DRAINS):
        with pytest.raises(Refused):
            story.ask(story.finish(unit))
