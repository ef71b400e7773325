"""What holds for every case: one history without gaps, versions, and nothing smuggled in beside a verb."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.case import Clock, State
from domain.commands import Verb
from domain.errors import Conflict, Refused
from domain.lifecycle import decide
from tests.build import TICK, Story, a_story, deadline
from tests.values import (
    DISPATCHER,
    DRAINS,
    PARKS,
    ROADS,
    a_category,
    a_condition,
    a_place,
    a_verdict,
    an_activation,
)


def told_through() -> Story:
    """Sent back once, overdue once, reworked once, joined twice, closed: a case that has seen everything."""
    story = Story()
    story.do(story.register(category=None, condition=None)).do(story.join()).do(story.file())
    story.do(story.dispatch(ROADS, DRAINS)).do(story.accept(DRAINS)).do(story.send_back(ROADS))
    story.do(story.defer()).do(story.dispatch(PARKS, DRAINS, actor=DISPATCHER)).do(story.accept(PARKS))
    story.breaks(Clock.DISPOSAL)
    story.do(story.accept(DRAINS)).do(story.finish(DRAINS)).do(story.finish(PARKS, "first try")).do(story.fails())
    story.do(story.join()).do(story.accept(PARKS)).do(story.finish(PARKS, "second try")).do(story.passes())
    return story


def test_versions_begin_at_one_and_have_no_gaps() -> None:
    story = told_through()
    assert [event.version for event in story.happened] == list(range(1, len(story.happened) + 1))
    assert story.case.version == len(story.happened)


def test_the_history_alone_gives_the_case() -> None:
    story = told_through()
    assert story.replayed() == story.case
    assert story.case.state is State.CLOSED


def test_time_never_runs_backwards_in_a_history_though_the_servers_clock_may() -> None:
    story = a_story(State.PENDING_DISPOSAL)
    before = story.case.updated_at
    story.do(story.accept(), before - timedelta(hours=1))
    assert story.case.updated_at == story.happened[-1].at == before


def test_who_looked_at_another_version_is_told_the_current_one() -> None:
    story = a_story(State.PENDING_DISPOSAL)
    for expected in (story.case.version - 1, story.case.version + 1):
        with pytest.raises(Conflict) as caught:
            story.ask(replace(story.accept(), expected=expected))
        assert caught.value.current_version == story.case.version
    story.do(replace(story.accept(), expected=story.case.version))
    assert story.case.state is State.DISPOSING


def test_of_two_who_looked_at_the_same_version_one_wins() -> None:
    story = a_story(State.PENDING_DISPOSAL)
    seen = story.case.version
    accept, refuse = replace(story.accept(), expected=seen), replace(story.send_back(), expected=seen)
    story.do(accept)
    with pytest.raises(Conflict):
        story.ask(refuse)


@pytest.mark.parametrize("verb", [Verb.REGISTER, Verb.ADMIT, Verb.FILE])
def test_a_case_starts_from_a_report(verb: Verb) -> None:
    story = Story()
    with pytest.raises(Refused) as caught:
        decide(None, replace(story.file(), verb=verb, opening=None), story.now, story.policy)
    assert caught.value.code == "filing-incomplete"


@pytest.mark.parametrize("state", [s for s in State if s is not State.REPORTED])
def test_only_filing_says_what_and_where_a_case_is(state: State) -> None:
    """Whatever else a command carries, no other verb changes category, condition, place, verdict or plan."""
    story = a_story(state, DRAINS)
    before = story.case
    smuggled = {
        "category": a_category("09999"),
        "condition": a_condition(id="x"),
        "place": a_place(path=("elsewhere",)),
        "verdict": a_verdict(PARKS),
        "plan": an_activation(),
    }
    steps = [story.join(), story.urge(), story.supervise(), story.ring(), story.force_close()]
    if state in (State.PENDING_DISPOSAL, State.DISPOSING):
        steps += [story.accept(), story.finish(), story.send_back(), story.accept(DRAINS), story.extend()]
    if state in (State.PENDING_CHECK, State.CHECKING, State.CLOSED):
        steps += [story.passes(), story.fails(), story.call_back()]
    taken = 0
    for command in steps:
        try:
            after = story.ask(replace(command, **smuggled), story.now + timedelta(days=30)).case
        except Refused:
            continue
        taken += 1
        assert (after.category, after.condition, after.place) == (before.category, before.condition, before.place)
        assert after.verdict in (before.verdict, None)
        assert after.plan is None
        assert not any(d.origin.startswith("plan") for d in after.deadlines)
    assert taken or not before.open


def test_what_the_system_says_twice_happens_once() -> None:
    for step in ("dispatch", "defer", "join"):
        story = a_story(State.PENDING_DISPATCH)
        command = getattr(story, step)()
        story.do(command)
        assert (story.ask(command).case, story.ask(command).events) == (story.case, ())


def test_that_no_rule_matched_is_remembered_whatever_happens_while_the_case_waits() -> None:
    story = a_story(State.PENDING_DISPATCH)
    defer = story.defer()
    story.do(defer).do(story.join()).breaks(Clock.DISPATCH)
    assert story.case.verdict == defer.verdict
    assert story.ask(defer).events == (), "a redelivered reaction must not judge it a second time"
    assert deadline(story, Clock.DISPATCH).due_at + TICK == story.now
