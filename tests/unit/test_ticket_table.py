"""Every state × verb × role of a 12345 ticket: what a row allows succeeds, everything else is refused."""

from datetime import timedelta
from typing import Any

import pytest

from domain.actor import Role
from domain.errors import Conflict, Invalid, Refused
from domain.ticket import TicketState, Tier
from domain.ticket_events import NAMES, TicketVerb
from domain.ticket_law import TABLE, TicketRow, allowed
from tests.build import an_actor
from tests.tickets import SPOKEN, UNREACHED, UNSOLVED, TicketStory, a_call_back, a_ticket_story

STATES: list[TicketState | None] = [None, *TicketState]

# What picks the row among those of one state and verb.
SAID: dict[str, dict[str, Any]] = {"回访未解决，重办": {"call_back": UNSOLVED}, "回访未接通": {"call_back": UNREACHED}}


def past_due(story: TicketStory) -> None:
    story.now = max(promise.due_at for promise in story.ticket.promises) + timedelta(minutes=1)


def row_id(row: TicketRow) -> str:
    return f"{row.source}-{row.verb}-{row.target}"


@pytest.mark.parametrize("row", TABLE, ids=row_id)
def test_what_a_row_allows_succeeds_for_each_of_its_actors(row: TicketRow) -> None:
    for role in sorted(row.actors):
        story = a_ticket_story(row.source)
        if row.verb is TicketVerb.EXPIRE:
            past_due(story)
        before = None if row.source is None else story.ticket
        actor = an_actor(role, "roads" if role is Role.UNIT else None)
        if before is not None:
            assert before.state is row.source
            assert row.verb in allowed(before, actor), f"{role} is shown no button for {row.verb}"
        story.take(story.command(row.verb, actor, **SAID.get(row.says, {})))
        assert story.ticket.state is row.target
        assert story.ticket.version == (before.version + 1 if before else 2)
        (event,) = story.happened[-1:]
        assert (event.type, event.actor, event.version) == (NAMES[row.verb], actor, story.ticket.version)


@pytest.mark.parametrize("row", TABLE, ids=row_id)
def test_the_row_taken_is_the_row_meant(row: TicketRow) -> None:
    """Exactly one row holds for one command, so the order of the table never decides."""
    rivals = [other for other in TABLE if (other.source, other.verb) == (row.source, row.verb)]
    story = a_ticket_story(row.source)
    command = story.command(row.verb, **SAID.get(row.says, {}))
    if len(rivals) > 1:
        assert [r for r in rivals if r.guard and r.guard(story.ticket, command, story.policy)] == [row]
    else:
        assert row.guard is None


@pytest.mark.parametrize("verb", TicketVerb)
@pytest.mark.parametrize("state", STATES)
def test_whatever_no_row_allows_is_refused(state: TicketState | None, verb: TicketVerb) -> None:
    for role in Role:
        if any(row.source is state and row.verb is verb and role in row.actors for row in TABLE):
            continue
        story = a_ticket_story(state)
        actor = an_actor(role, "roads" if role is Role.UNIT else None)
        if state is not None:
            assert verb not in allowed(story.ticket, actor)
        if state is not None and role is Role.SYSTEM and verb is TicketVerb.EXPIRE:
            assert story.ask(story.command(verb)).events == (), "the clock may come late; then nothing happens"
            continue
        with pytest.raises(Refused) as caught:
            story.ask(story.command(verb, actor))
        assert caught.value.code in {"verb-not-allowed", "actor-not-allowed"}


def test_a_unit_may_speak_to_the_caller_and_nothing_else() -> None:
    unit = an_actor(Role.UNIT, "roads")
    shown = {verb for state in TicketState for verb in allowed(a_ticket_story(state).ticket, unit)}
    assert shown == {TicketVerb.CONTACT}


def test_nobody_withdraws_a_ticket_but_the_caller_by_way_of_the_hotline() -> None:
    shown = {
        role for role in Role if TicketVerb.WITHDRAW in allowed(a_ticket_story(TicketState.OPEN).ticket, an_actor(role))
    }
    assert shown == {Role.HOTLINE}


@pytest.mark.parametrize("state", TicketState)
def test_who_looked_at_another_version_is_told_the_present_one(state: TicketState) -> None:
    story = a_ticket_story(state)
    for verb in TicketVerb:
        with pytest.raises(Conflict) as caught:
            story.ask(story.command(verb, expected=story.ticket.version - 1))
        assert caught.value.current_version == story.ticket.version


@pytest.mark.parametrize("words", ["", "  ", "\n"])
def test_an_empty_answer_is_none(words: str) -> None:
    story = a_ticket_story(TicketState.CONTACTED)
    with pytest.raises(Invalid, match="text-empty"):
        story.do(TicketVerb.ANSWER, words=words)
    assert story.ticket.state is TicketState.CONTACTED


@pytest.mark.parametrize(
    ("state", "verb", "lacking", "code"),
    [
        (None, TicketVerb.OPEN, {"opening": None}, "field-missing"),
        (TicketState.OPEN, TicketVerb.REGRADE, {"reason": ""}, "reason-required"),
        (TicketState.OPEN, TicketVerb.REGRADE, {"tier": None}, "field-missing"),
        (TicketState.OPEN, TicketVerb.REGRADE, {"tier": Tier.GENERAL}, "guard-not-met"),
        (TicketState.ANSWERED, TicketVerb.CALL_BACK, {"call_back": None}, "field-missing"),
    ],
)
def test_a_verb_needs_what_it_is_about(
    state: TicketState | None, verb: TicketVerb, lacking: dict[str, Any], code: str
) -> None:
    story = a_ticket_story(state)
    story.ask(story.command(verb))
    with pytest.raises((Invalid, Refused), match=code):
        story.ask(story.command(verb, **lacking))


def test_no_event_holds_what_was_said_and_only_regrading_tells_its_reason() -> None:
    story = a_ticket_story(TicketState.ANSWERED)
    story.do(TicketVerb.CALL_BACK, call_back=UNSOLVED).do(TicketVerb.REGRADE).do(TicketVerb.CONTACT)
    story.do(TicketVerb.WITHDRAW)
    assert SPOKEN not in repr(story.happened)
    assert {event.type for event in story.happened if event.reason} == {"regraded"}


def test_each_of_the_three_verdicts_is_kept_as_it_was_said() -> None:
    story = a_ticket_story(TicketState.ANSWERED, reopen_unsolved=False)
    story.do(TicketVerb.CALL_BACK, call_back=a_call_back(True, False, None, by=an_actor(Role.VIEWER)))
    (said,) = story.ticket.call_backs
    assert (said.contacted, said.solved, said.satisfied) == (True, False, None)
    assert (said.by.role, said.at, said.report) == (Role.HOTLINE, story.now, story.report), "signed by who asks"


@pytest.mark.parametrize(
    ("switches", "said", "state"),
    [
        ({}, UNSOLVED, TicketState.OPEN),
        ({"reopen_unsolved": False}, UNSOLVED, TicketState.ENDED),
        ({"reopen_most": 0}, UNSOLVED, TicketState.ENDED),
        ({}, a_call_back(satisfied=False), TicketState.ENDED),
        ({"reopen_dissatisfied": True}, a_call_back(satisfied=False), TicketState.OPEN),
        ({}, a_call_back(contacted=False), TicketState.ENDED),
        ({}, a_call_back(None, None, True), TicketState.ENDED),
    ],
)
def test_the_city_decides_what_opens_a_ticket_again(switches: dict[str, Any], said: Any, state: TicketState) -> None:
    story = a_ticket_story(TicketState.ANSWERED, **switches).do(TicketVerb.CALL_BACK, call_back=said)
    assert story.ticket.state is state
    assert story.ticket.reopened == (state is TicketState.OPEN)


def test_a_ticket_is_opened_again_only_so_often() -> None:
    story = a_ticket_story(TicketState.ANSWERED)
    for _ in range(2):
        story.do(TicketVerb.CALL_BACK, call_back=UNSOLVED).do(TicketVerb.ANSWER)
    assert story.do(TicketVerb.CALL_BACK, call_back=UNSOLVED).ticket.state is TicketState.ENDED
    assert [said.solved for said in story.ticket.call_backs] == [False] * 3, "the caller's word stays as it is"


def test_who_cannot_be_reached_is_tried_three_times_in_each_round() -> None:
    story = a_ticket_story(TicketState.ANSWERED)
    story.do(TicketVerb.CALL_BACK, call_back=UNREACHED).do(TicketVerb.CALL_BACK, call_back=UNSOLVED)
    story.do(TicketVerb.ANSWER)
    for state in (TicketState.ANSWERED, TicketState.ANSWERED, TicketState.ENDED):
        assert story.do(TicketVerb.CALL_BACK, call_back=UNREACHED).ticket.state is state
