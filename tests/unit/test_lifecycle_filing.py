"""Filing (立案): what must be known before a case begins its way, and that nothing else may say it later."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from domain.case import Clock, State
from domain.commands import Command, Verb
from domain.errors import Refused
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
)

TICK = timedelta(microseconds=1)


def test_filing_at_the_desk_needs_category_and_place() -> None:
    story = Story()
    story.do(story.register(category=None, condition=None))
    for missing in ("category", "place"):
        with pytest.raises(Refused) as caught:
            story.ask(story.file(**{missing: None}))
        assert caught.value.code == "filing-incomplete"


def test_filing_at_once_needs_a_category_too() -> None:
    story = Story()
    with pytest.raises(Refused) as caught:
        story.ask(story.file(category=None, condition=None))
    assert caught.value.code == "filing-incomplete"


@pytest.mark.parametrize("verb", [Verb.REGISTER, Verb.FILE])
def test_a_case_starts_from_a_report(verb: Verb) -> None:
    story = Story()
    with pytest.raises(Refused) as caught:
        story.ask(replace(story.file(), verb=verb, opening=None))
    assert caught.value.code == "filing-incomplete"


def test_the_desk_corrects_what_was_guessed_and_a_wrong_guess_leaves_no_limit_behind() -> None:
    """The guess named another category's condition; filed under the right one, its limit must not apply."""
    story = Story()
    story.do(story.register())
    right = a_category("02001", name="暴露垃圾")
    story.do(story.file(category=right, condition=None))
    assert story.case.category == right
    assert story.case.condition is None
    story.do(story.dispatch())
    running = story.case.running(Clock.DISPOSAL)
    assert running is not None
    assert running.origin.startswith("policy.default_limit")


def test_a_condition_belongs_to_its_category() -> None:
    story = a_story(State.REPORTED)
    with pytest.raises(Refused):
        story.ask(story.file(category=a_category("02001"), condition=a_condition()))


@pytest.mark.parametrize("state", [s for s in State if s is not State.REPORTED])
def test_only_filing_says_what_and_where_a_case_is(state: State) -> None:
    """Whatever else a command carries, no other verb changes category, condition, place or verdict."""
    story = a_story(state, DRAINS)
    before = story.case
    moment: datetime = max(d.due_at for d in before.deadlines) + TICK
    smuggled = {
        "category": a_category("09999"),
        "condition": a_condition(id="x"),
        "place": a_place(path=("elsewhere",)),
        "verdict": a_verdict(PARKS),
    }
    for command in (story.join(), story.expire(), *_task_steps(story), *_check_steps(story)):
        try:
            after = story.ask(replace(command, **smuggled), moment).case
        except Refused:
            continue
        assert (after.category, after.condition, after.place) == (before.category, before.condition, before.place)
        assert after.verdict in (before.verdict, None)


def _task_steps(story: Story) -> list[Command]:
    return [story.accept(ROADS), story.finish(ROADS), story.send_back(ROADS)] if story.case.tasks else []


def _check_steps(story: Story) -> list[Command]:
    return [story.passes(), story.fails()] if story.case.tasks else []
