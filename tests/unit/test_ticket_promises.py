"""What callers are promised, and by when: 2 h, 24 h, 7 d, 15 d, and first contact within a whole working day."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from domain.catalogue import Urgency
from domain.clock import Limit, TimeUnit
from domain.ticket import PromiseKind, PromiseState, TicketPolicy, TicketState, Tier
from domain.ticket_events import TicketOpening, TicketVerb
from tests.build import a_category, at
from tests.tickets import UNSOLVED, TicketStory, a_ticket_story

CONTACT, ANSWER = PromiseKind.CONTACT, PromiseKind.ANSWER
RUNNING, MET, MISSED, STOPPED = PromiseState
TICK = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("called", "contact_by"),
    [
        ("Wed 2026-09-30 09:00", "Thu 2026-10-08 18:00"),  # 国庆节: the 1st to the 7th
        ("Wed 2026-09-30 23:50", "Thu 2026-10-08 18:00"),
        ("Sat 2026-10-03 10:00", "Thu 2026-10-08 18:00"),
        ("Wed 2026-10-07 23:59", "Thu 2026-10-08 18:00"),
        ("Thu 2026-10-08 00:00", "Fri 2026-10-09 18:00"),
        ("Fri 2026-10-09 12:00", "Sat 2026-10-10 18:00"),  # 调休上班
        ("Sat 2026-10-10 12:00", "Mon 2026-10-12 18:00"),
        ("Fri 2026-11-20 08:00", "Mon 2026-11-23 18:00"),
    ],
)
def test_first_contact_is_owed_by_the_end_of_the_working_day_after_the_call(called: str, contact_by: str) -> None:
    story = a_ticket_story(TicketState.OPEN, start=at(called))
    assert story.promise(CONTACT).due_at == at(contact_by)
    assert story.ticket.next_due_at == min(at(contact_by), story.promise(ANSWER).due_at)


@pytest.mark.parametrize(
    ("tier", "answer_by"),
    [
        (Tier.EMERGENCY, "Wed 2026-09-30 19:30"),
        (Tier.URGENT, "Thu 2026-10-01 17:30"),
        (Tier.GENERAL, "Wed 2026-10-07 17:30"),
        (Tier.HARD, "Thu 2026-10-15 17:30"),
    ],
)
def test_the_answer_is_owed_by_tier_whatever_day_it_is(tier: Tier, answer_by: str) -> None:
    story = a_ticket_story(TicketState.OPEN, start=at("Wed 2026-09-30 17:30"), tier=tier)
    assert story.promise(ANSWER).due_at == at(answer_by)


def test_limits_count_from_the_call_however_late_it_is_filed() -> None:
    story = TicketStory(at("Mon 2026-11-16 09:00"), Tier.EMERGENCY)
    story.do(TicketVerb.OPEN, at("Mon 2026-11-16 11:30"))
    assert story.promise(ANSWER).due_at == at("Mon 2026-11-16 11:00")
    story.do(TicketVerb.EXPIRE)
    assert story.kept[ANSWER] is MISSED


def test_a_city_sets_limits_of_its_own() -> None:
    story = a_ticket_story(
        TicketState.OPEN,
        start=at("Wed 2026-09-30 09:00"),
        limits={Tier.GENERAL: Limit(13, TimeUnit.WHOLE_WORK_DAY)},
        contact=Limit(30, TimeUnit.MINUTE),
    )
    assert story.promise(ANSWER).due_at == at("Sat 2026-10-24 18:00") - timedelta(days=1)
    assert story.promise(CONTACT).due_at == at("Wed 2026-09-30 09:30")


@pytest.mark.parametrize(
    ("urgency", "coded", "tier"),
    [
        (Urgency.NORMAL, False, Tier.GENERAL),
        (Urgency.URGENT, False, Tier.URGENT),
        (Urgency.CRITICAL, False, Tier.EMERGENCY),
        (Urgency.NORMAL, True, Tier.URGENT),
        (Urgency.CRITICAL, True, Tier.EMERGENCY),
    ],
)
def test_the_graver_of_urgency_and_category_makes_the_tier(urgency: Urgency, coded: bool, tier: Tier) -> None:
    burst_pipe = a_category("01024")
    policy = TicketPolicy(category_tiers={burst_pipe.key: Tier.URGENT})
    assert policy.tier(urgency, burst_pipe if coded else a_category()) is tier
    assert policy.tier(urgency, None) is TicketPolicy().tier(urgency, burst_pipe)


def contacted(story: TicketStory, late: timedelta) -> TicketStory:
    return story.do(TicketVerb.CONTACT, story.promise(CONTACT).due_at + late)


def answered(story: TicketStory, late: timedelta) -> TicketStory:
    return story.do(TicketVerb.ANSWER, story.promise(ANSWER).due_at + late)


@pytest.mark.parametrize(("act", "kind"), [(contacted, CONTACT), (answered, ANSWER)])
@pytest.mark.parametrize(("late", "state"), [(-TICK, MET), (timedelta(), MET), (TICK, MISSED)])
@pytest.mark.parametrize("swept", [False, True], ids=["before the clock", "after the clock"])
def test_a_promise_is_kept_to_the_instant(
    act: Callable[[TicketStory, timedelta], TicketStory], kind: PromiseKind, late: timedelta, state: PromiseState,
    swept: bool,
) -> None:  # fmt: skip
    story = a_ticket_story(TicketState.OPEN)
    due_at = story.promise(kind).due_at
    if swept:
        story.do(TicketVerb.EXPIRE, due_at + late)
    act(story, late)
    assert (story.kept[kind], story.promise(kind).ended_at) == (state, due_at + late)
    assert story.ticket.overdue is (state is MISSED or kind is ANSWER), "nobody had spoken to the caller in time"


def test_an_answer_is_a_contact_too() -> None:
    story = a_ticket_story(TicketState.OPEN).do(TicketVerb.ANSWER)
    assert story.kept == {CONTACT: MET, ANSWER: MET}
    assert story.ticket.next_due_at is None
    assert not story.ticket.overdue


def test_speaking_to_the_caller_is_no_answer() -> None:
    story = a_ticket_story(TicketState.OPEN).do(TicketVerb.CONTACT)
    assert story.kept == {CONTACT: MET, ANSWER: RUNNING}
    promises = story.ticket.promises
    assert story.do(TicketVerb.CONTACT).ticket.promises == promises
    assert story.happened[-1].promises == (), "what did not change is not told again"
    assert story.ticket.next_due_at == story.ticket.due_at == story.promise(ANSWER).due_at


def test_the_clock_strikes_once_for_each_promise() -> None:
    story = a_ticket_story(TicketState.OPEN)
    contact, answer = story.promise(CONTACT).due_at, story.promise(ANSWER).due_at
    assert story.ask(story.command(TicketVerb.EXPIRE), contact).events == ()
    story.do(TicketVerb.EXPIRE, contact + TICK)
    assert story.kept == {CONTACT: MISSED, ANSWER: RUNNING}
    assert story.ask(story.command(TicketVerb.EXPIRE)).events == ()
    story.do(TicketVerb.EXPIRE, answer + TICK)
    assert story.kept == {CONTACT: MISSED, ANSWER: MISSED}
    assert story.ask(story.command(TicketVerb.EXPIRE), answer + timedelta(days=9)).events == ()
    assert [event.type for event in story.happened] == ["opened", "expired", "expired"]
    assert story.ticket.due_at == contact, "still owed, and first in every list"


def test_a_caller_who_withdraws_in_time_leaves_nothing_missed_and_one_who_waited_too_long_does() -> None:
    story = a_ticket_story(TicketState.OPEN)
    story.do(TicketVerb.WITHDRAW, story.promise(CONTACT).due_at + TICK)
    assert story.kept == {CONTACT: MISSED, ANSWER: STOPPED}
    assert a_ticket_story(TicketState.WITHDRAWN).kept == {CONTACT: STOPPED, ANSWER: STOPPED}


def regraded(story: TicketStory, tier: Tier, moment: str, **more: Any) -> list[tuple[object, ...]]:
    story.do(TicketVerb.REGRADE, at(moment), tier=tier, **more)
    return [(p.due_at, p.state) for p in story.ticket.promises if p.kind is ANSWER]


def test_a_hard_appeal_gets_its_fifteen_days_from_the_call_and_both_dates_stay() -> None:
    story = a_ticket_story(TicketState.CONTACTED, start=at("Mon 2026-11-02 10:00"))
    assert regraded(story, Tier.HARD, "Fri 2026-11-06 15:00") == [
        (at("Mon 2026-11-09 10:00"), STOPPED),
        (at("Tue 2026-11-17 10:00"), RUNNING),
    ]
    assert story.ticket.tier is Tier.HARD
    assert story.ticket.state is TicketState.CONTACTED


def test_a_stricter_limit_counts_from_the_decision_and_never_passes_the_promise() -> None:
    story = a_ticket_story(TicketState.OPEN, start=at("Mon 2026-11-02 10:00"))
    first = at("Mon 2026-11-09 10:00")
    assert regraded(story, Tier.URGENT, "Thu 2026-11-05 15:00")[-1] == (at("Fri 2026-11-06 15:00"), RUNNING)
    assert regraded(story, Tier.GENERAL, "Fri 2026-11-06 09:00")[-1] == (first, RUNNING), "no time is gained"
    assert regraded(story, Tier.URGENT, "Sun 2026-11-08 20:00")[-1] == (first, RUNNING)
    assert regraded(story, Tier.EMERGENCY, "Mon 2026-11-09 07:00")[-1] == (at("Mon 2026-11-09 09:00"), RUNNING)


def test_regrading_does_not_wash_away_what_was_missed() -> None:
    story = a_ticket_story(TicketState.OPEN, start=at("Mon 2026-11-02 10:00"))
    dates = regraded(story, Tier.HARD, "Mon 2026-11-09 10:01")
    assert dates == [(at("Mon 2026-11-09 10:00"), MISSED), (at("Tue 2026-11-17 10:00"), RUNNING)]
    story.do(TicketVerb.ANSWER)
    assert story.kept[ANSWER] is MET
    assert story.ticket.overdue


def test_a_ticket_opened_again_has_new_promises_and_keeps_the_old() -> None:
    story = a_ticket_story(TicketState.ANSWERED, start=at("Mon 2026-11-02 10:00"))
    old = story.ticket.promises
    story.do(TicketVerb.CALL_BACK, at("Wed 2026-11-11 16:00"), call_back=UNSOLVED)
    assert story.ticket.promises[:2] == old
    assert story.promise(CONTACT).due_at == at("Thu 2026-11-12 18:00")
    assert story.promise(ANSWER).due_at == at("Wed 2026-11-18 16:00")
    assert regraded(story, Tier.HARD, "Thu 2026-11-12 09:00")[-1] == (at("Thu 2026-11-26 16:00"), RUNNING)


def test_a_clock_that_is_set_back_never_turns_the_history_round() -> None:
    story = a_ticket_story(TicketState.CONTACTED)
    before = story.ticket.updated_at
    story.do(TicketVerb.ANSWER, before - timedelta(hours=1))
    assert story.ticket.updated_at == before
    assert story.promise(ANSWER).ended_at == before


def test_another_answer_changes_no_promise() -> None:
    story = a_ticket_story(TicketState.ANSWERED)
    promises = story.ticket.promises
    story.do(TicketVerb.ANSWER, story.ticket.due_at + timedelta(days=30))
    assert story.ticket.promises == promises
    assert story.ticket.state is TicketState.ANSWERED


def test_a_ticket_begins_at_version_two_because_its_report_was_accepted_before() -> None:
    story = a_ticket_story(TicketState.ENDED)
    assert [event.version for event in story.happened] == [2, 3, 4]
    assert story.opening == TicketOpening(story.ticket.received_at, story.ticket.tier)
