"""The people of the demo play by the book: they ask in time, wait for each other, and answer whom they owe."""

import json
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from io import BytesIO
from random import Random
from typing import Any

import httpx
import pytest
from PIL import Image

from runtime.demo.account import Account, place
from runtime.demo.city import Message
from runtime.demo.clock import ExerciseClock
from runtime.demo.departments import Department
from runtime.demo.desks import Desk, Dispatcher, Officer, Supervisor
from runtime.demo.ledger import Entry
from runtime.demo.line import Line, Plain
from runtime.demo.matters import matters, tickets
from runtime.demo.person import PHOTO, Person
from runtime.demo.voices import CallBacks, Hotline

PACE, DAY = 400.0, 60.0


class Minutes(ExerciseClock):
    """A clock that stands where it is put, in city minutes."""

    at = 0.0

    @property
    def elapsed(self) -> float:
        return self.real(self.at)


class Screen(Line):
    """What somebody sees on each page, and what they do about it."""

    def __init__(self) -> None:
        self.shows: dict[str, list[Plain]] = {}
        self.whole: dict[str, Plain] = {}
        self.done: list[tuple[str, str, Plain]] = []
        self.status = 200

    async def ask(self, path: str, **params: str | int) -> Plain:
        return self.whole[path] if path in self.whole else {"items": self._listed(path, params)}

    async def pages(self, path: str, **params: str | int) -> AsyncIterator[Plain]:
        for item in self._listed(path, params):
            yield item

    async def tell(self, path: str, body: bytes, headers: Mapping[str, str]) -> httpx.Response:
        thing, _, verb = path.partition("/actions/")
        if path == "/v1/attachments":
            return httpx.Response(201, json={"id": f"photo-{len(self.done)}"})
        self.done.append((thing.rpartition("/")[2], verb, json.loads(body)))
        return httpx.Response(self.status, json={})

    def _listed(self, path: str, params: Mapping[str, str | int]) -> list[Plain]:
        words = [str(value) for name, value in params.items() if name != "limit"]
        return self.shows.get(" ".join([path, *words]), [])


def a_case(**fields: Any) -> Plain:
    plain: Plain = {
        "no": "YH-1", "version": 3, "state": "disposing", "source": "hotline", "condition": None, "category": None,
        "areas": [], "tasks": [], "petitions": [], "supervisions": [], "call_backs": [], "deadlines": [],
        "send_backs": 0, "reworks": 0, "reopened": 0,
    }  # fmt: skip
    return plain | fields


def a_task(**fields: Any) -> Plain:
    return {"id": "t1", "part": "lead", "state": "accepted", "required": True} | fields


def due_in(clock: ExerciseClock, minutes: float) -> Plain:
    at = datetime.now(UTC) + timedelta(seconds=clock.real(minutes))
    return {"clock": "disposal", "state": "running", "due_at": at.isoformat(), "ended_at": None}


@pytest.fixture
def clock() -> Minutes:
    return Minutes(PACE, DAY)


@pytest.fixture
def screen() -> Screen:
    return Screen()


def department(
    screen: Screen, clock: Minutes, *, slow: float = 0.0, suspends: bool = False, seed: int = 1
) -> Department:
    dice = Random(seed)
    return Department(screen, clock, dice, Counter(), slow=slow, picky=0.0, suspends=suspends)


async def play(person: Person, clock: Minutes, until: float, step: float = 1.0) -> None:
    """Rounds of looking and acting, one every ``step`` city minutes."""
    while clock.at < until:
        for deed in [deed async for deed in person.due()]:
            await deed
        clock.at += step


def verbs(screen: Screen) -> list[str]:
    return [verb for _, verb, _ in screen.done]


# --- Departments


async def test_a_slow_department_asks_for_time_once_and_well_before_it_is_over() -> None:
    asked = []
    for seed in range(20):
        screen, clock = Screen(), Minutes(PACE, DAY)
        screen.shows["/v1/tasks"] = [{"task": a_task(), "case": a_case(deadlines=[due_in(clock, 90)])}]
        screen.status = 409
        await play(department(screen, clock, slow=1.0, seed=seed), clock, 60)
        assert verbs(screen) in ([], ["request-extension"]), "who is told no goes on without"
        asked += [said["reason"] for _, _, said in screen.done]
    assert 5 < len(asked) < 20
    assert all(asked)


async def test_a_department_in_time_asks_for_nothing(screen: Screen, clock: Minutes) -> None:
    screen.shows["/v1/tasks"] = [{"task": a_task(), "case": a_case(deadlines=[due_in(clock, 90)])}]
    await play(department(screen, clock), clock, 39)
    assert set(verbs(screen)) <= {"finish"}


async def test_it_waits_for_the_answer_to_what_it_asked_and_for_those_who_must_assist(
    screen: Screen, clock: Minutes
) -> None:
    asked = a_case(petitions=[{"state": "asked"}])
    screen.shows["/v1/tasks"] = [{"task": a_task(), "case": asked}]
    person = department(screen, clock)
    await play(person, clock, 60)
    assert screen.done == []
    helper = a_task(id="t2", part="assist", state="accepted")
    screen.shows["/v1/tasks"] = [{"task": a_task(), "case": a_case(tasks=[a_task(), helper])}]
    await play(person, clock, 70)
    assert screen.done == []
    screen.shows["/v1/tasks"] = [{"task": a_task(), "case": a_case(tasks=[a_task(), helper | {"state": "done"}])}]
    await play(person, clock, 71)
    assert verbs(screen) == ["finish"]


async def test_one_job_of_the_day_rests_until_a_date_and_is_left_alone_meanwhile(
    screen: Screen, clock: Minutes
) -> None:
    person = department(screen, clock, suspends=True)
    screen.shows["/v1/tasks"] = [{"task": a_task(id=one), "case": a_case(no=one)} for one in ("a", "b")]
    await play(person, clock, 6)
    ((no, verb, said),) = screen.done
    assert (no, verb) == ("a", "request-suspension")
    assert datetime.fromisoformat(said["until"]) > datetime.now(UTC)
    screen.shows["/v1/tasks"] = [{"task": a_task(id="a"), "case": a_case(no="a", state="suspended")}]
    await play(person, clock, 120)
    assert len(screen.done) == 1


async def test_whoever_is_supervised_replies_before_anything_else(screen: Screen, clock: Minutes) -> None:
    owed = {"no": 1, "reply_due": True, "replied_at": None}
    screen.shows["/v1/tasks"] = [{"task": a_task(), "case": a_case(supervisions=[owed])}]
    await play(department(screen, clock), clock, 60)
    assert set(verbs(screen)) == {"reply"}


async def test_a_photo_is_shown_where_the_condition_asks_for_one(screen: Screen, clock: Minutes) -> None:
    condition = {"closing": "依法拆除", "evidence": True}
    case = a_case(condition=condition)
    screen.shows["/v1/tasks"] = [{"task": a_task(), "case": case}]
    await play(department(screen, clock), clock, 41)
    screen.shows["/v1/cases pending_check"] = [case]
    await play(Officer(screen, clock, Random(1), Counter()), clock, clock.at + 11)
    assert set(verbs(screen)) == {"finish", "pass"}
    assert all(said["photos"] for _, _, said in screen.done)
    with Image.open(BytesIO(PHOTO)) as picture:
        picture.load()


# --- The operation centre


def petition(matter: str, **fields: Any) -> Plain:
    return {"id": f"{matter}-1", "matter": matter, "state": "asked", "until": None} | fields


@pytest.mark.parametrize("seed", range(8))
async def test_what_cannot_be_granted_any_more_is_denied(screen: Screen, clock: Minutes, seed: int) -> None:
    over, past = due_in(clock, -1), (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
    screen.shows["/v1/cases true"] = [
        a_case(no="late", deadlines=[over], petitions=[petition("extension")]),
        a_case(no="past", deadlines=[over], petitions=[petition("suspension", until=past)]),
    ]
    await play(Dispatcher(screen, clock, Random(seed), Counter()), clock, 8, step=7)
    assert {(no, verb) for no, verb, _ in screen.done} == {("late", "deny"), ("past", "deny")}
    assert all(said["reason"] for _, _, said in screen.done)


async def test_what_is_in_time_is_granted_mostly_and_a_suspension_always(screen: Screen, clock: Minutes) -> None:
    later = (datetime.now(UTC) + timedelta(minutes=1)).isoformat()
    ok = due_in(clock, 500)
    for n in range(40):
        more, rest = petition("extension", id=f"e{n}"), petition("suspension", id=f"s{n}", until=later)
        screen.shows.setdefault("/v1/cases true", []).extend(
            [a_case(no=f"e{n}", deadlines=[ok], petitions=[more]), a_case(no=f"s{n}", petitions=[rest])]
        )
    await play(Dispatcher(screen, clock, Random(1), Counter()), clock, 8, step=7)
    extended = [verb for no, verb, _ in screen.done if no.startswith("e")]
    assert 20 < extended.count("grant") < 40 == len(extended)
    assert {verb for no, verb, _ in screen.done if no.startswith("s")} == {"grant"}


async def test_the_desk_merges_the_younger_of_two_alike_into_the_elder(screen: Screen, clock: Minutes) -> None:
    here = [{"code": code} for code in ("city", "district", "street", "community")]
    alike = {"category": {"code": "06010"}, "areas": here, "state": "pending_disposal"}
    screen.shows["/v1/cases pending_disposal"] = [
        a_case(no="younger", **alike), a_case(no="else", **(alike | {"category": {"code": "01037"}})),
        a_case(no="elder", **alike),
    ]  # fmt: skip
    clock.at = 30
    await play(Desk(screen, clock, Random(1), Counter(), ["c"]), clock, 31)
    ((no, verb, said),) = screen.done
    assert (no, verb, said["into"]) == ("younger", "merge", "elder")


async def test_the_supervisor_asks_on_a_few_late_cases_and_on_none_twice(screen: Screen, clock: Minutes) -> None:
    supervised = a_case(no="known", supervisions=[{"no": 1}])
    screen.shows["/v1/cases disposing true"] = [supervised, *(a_case(no=f"late-{n}") for n in range(9))]
    await play(Supervisor(screen, clock, Random(1), Counter()), clock, 5)
    assert [no for no, _, _ in screen.done] == ["late-0", "late-1", "late-2"]
    assert all(said["replies"] for _, _, said in screen.done)


# --- Those who speak to citizens


async def test_a_caller_is_spoken_to_first_and_answered_when_every_case_has_ended(
    screen: Screen, clock: Minutes
) -> None:
    ticket = {"report_id": "r1", "state": "open", "version": 2}
    screen.shows["/v1/tickets"] = [ticket]
    screen.whole["/v1/tickets/r1"] = ticket | {"cases": [{"state": "merged"}, {"state": "disposing"}]}
    person = Hotline(screen, clock, Random(1), Counter())
    await play(person, clock, 71, step=70)
    assert verbs(screen) == ["contact"]
    ticket["state"] = "contacted"
    await play(person, clock, 400, step=10)
    assert verbs(screen) == ["contact"], "nobody is answered before there is something to say"
    screen.whole["/v1/tickets/r1"] = ticket | {"cases": [{"state": "merged"}, {"state": "closed"}]}
    await play(person, clock, 441, step=40)
    assert verbs(screen)[:2] == ["contact", "answer"]


async def test_call_backs_keep_the_verdicts_apart_and_end_with_the_day(screen: Screen, clock: Minutes) -> None:
    screen.shows["/v1/cases closed"] = [a_case(no=f"c{n}", state="closed") for n in range(300)]
    person = CallBacks(screen, clock, Random(1), Counter())
    await play(person, clock, 12, step=11)
    said = [body for _, _, body in screen.done]
    assert 60 < len(said) < 180
    nobody = [one for one in said if one["contacted"] is False]
    assert nobody
    assert all(one["solved"] is one["satisfied"] is None for one in nobody)
    assert all(one["satisfied"] is False for one in said if one["solved"] is False)
    assert {one["solved"] for one in said} == {True, False, None}
    clock.at = DAY * PACE / 60
    before = len(screen.done)
    await play(person, clock, clock.at + 1)
    assert len(screen.done) == before


# --- The evening's accounts


def placed(*cases: tuple[str, str, bool]) -> Account:
    account = Account(1, 1, received=1)
    linked = [{"no": no, "state": state, "opened": opened} for no, state, opened in cases]
    place(account, Entry(Message(0.0, None, "", "o", "k", b""), 0.0), linked)
    return account


def test_a_report_whose_case_was_merged_is_counted_once_where_it_went() -> None:
    account = placed(("A", "merged", True), ("B", "closed", False))
    assert (account.joined, account.filed, account.doubled, account.balanced) == (1, 0, 0, True)
    chain = placed(("A", "merged", False), ("B", "merged", False), ("C", "closed", False))
    assert (chain.joined, chain.doubled, chain.balanced) == (1, 0, True)


def test_a_report_behind_two_cases_nobody_merged_is_counted_twice() -> None:
    account = placed(("A", "closed", True), ("B", "closed", False))
    assert account.doubled == 1
    assert not account.balanced


def test_the_counts_are_taken_from_the_record() -> None:
    granted = {"matter": "extension", "state": "granted"}
    rest = {"clock": "suspension", "ended_at": "2026-11-20T08:00:00Z"}
    order = {"reply_due": True, "replied_at": None}
    told = {"contacted": True, "solved": False, "satisfied": False}
    found = matters(
        [
            a_case(petitions=[granted, granted | {"state": "denied"}], deadlines=[rest, due_in(Minutes(PACE, DAY), 1)]),
            a_case(supervisions=[order, order | {"replied_at": "2026-11-20T08:00:00Z"}], call_backs=[told], reopened=1),
            a_case(state="merged", call_backs=[{"contacted": False, "solved": None, "satisfied": None}]),
        ]
    )
    assert (found.extensions, found.extended, found.suspended, found.resumed) == (2, 1, 1, 1)
    assert (found.supervised, found.replied, found.merged, found.reopened) == (2, 1, 1, 1)
    assert (found.called, found.contacted, found.solved, found.satisfied) == (2, 1, 0, 0)


def test_of_a_ticket_that_was_opened_again_the_last_promises_count() -> None:
    def promise(kind: str, state: str, ended: str | None) -> Plain:
        return {"kind": kind, "state": state, "ended_at": ended}

    early, late = "2026-11-20T08:00:00Z", "2026-11-20T09:00:00Z"
    first = [promise("contact", "met", early), promise("answer", "met", early)]
    again = {"promises": [*first, promise("contact", "met", late), promise("answer", "running", None)]}
    late_one = {"promises": [promise("contact", "met", early), promise("answer", "missed", late)]}
    found = tickets([{"promises": first}, again, late_one])
    assert (found.tickets, found.contacted, found.answered, found.in_time) == (3, 3, 2, 1)
