"""The drills' own arithmetic: a ledger that forgets, or a reckoning that overlooks, would make every drill green."""

import random
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.reliability.copies import MOST_COPIES, plan
from bench.reliability.delays import Window, delays, measured
from bench.reliability.ledger import Entry, Ledger, Line, Say, entries, read
from bench.reliability.poison import KINDS
from bench.reliability.reckoning import (
    Found,
    Ticket,
    bound,
    reckon_events,
    reckon_records,
    reckon_reports,
)
from bench.reliability.sayings import Saying
from bench.reliability.schedule import carry_out, printed, spread
from domain.errors import Invalid
from domain.ids import ReportId
from streams.intake import READERS
from streams.topics import HOTLINE
from streams.wire import checked_schema
from tests.values import MONDAY

LAMP = Saying("7-1", "2026-03-02T08:00:00+00:00", "路灯不亮，请尽快处理", "3号门前", 113.95, 27.93)


def taken(*ids: str) -> Entry:
    return Entry(sent=len(ids), acked=len(ids), ids=set(ids))


# --- The ledger


def test_every_attempt_is_on_the_ledger_with_its_outcome(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    with Ledger(path) as ledger:
        for outcome in (ledger.unknown, ledger.unknown):
            outcome(ledger.intent("a/1", "http", b"lamp"), "ReadError")
        ledger.acked(ledger.intent("a/1", "http", b"lamp"), "r1", replayed=True)
        ledger.acked(ledger.intent("a/1", "csv", b"lamp"))
        ledger.refused(ledger.intent("a/1", "http", b"cover", impostor=True), "idempotency-key-reused")
        ledger.intent("a/2", "http", b"never answered")
    book = entries(read(path))
    one = book["a/1"]
    assert (one.sent, one.acked, one.ids, one.unknown.total()) == (4, 2, {"r1"}, 2)
    assert (one.impostors, one.impostors_refused, one.impostors_taken) == (1, {"idempotency-key-reused": 1}, 0)
    assert one.committed_unseen, "two attempts were not answered, and the third was told that it was there already"
    assert (book["a/2"].sent, book["a/2"].acked) == (1, 0)


def test_what_was_written_can_be_read_while_the_drill_goes_on(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.jsonl")
    ledger.intent("a/1", "http", b"lamp")
    ledger.sync()
    assert [line.say for line in read(ledger.path)] == [Say.INTENT]
    with ledger:
        pass


@pytest.mark.parametrize("say", [Say.ACKED, Say.REFUSED, Say.UNKNOWN])
def test_an_outcome_nobody_intended_is_no_outcome(say: Say) -> None:
    with pytest.raises(ValueError, match="without an intent"):
        entries([Line(say, "a/1", "http", "d", 0.0)])


# --- Ledger against record


def test_a_sound_record_is_sound() -> None:
    book = {"a/1": taken("r1", "r1"), "a/2": taken("r2"), "b/1": Entry(sent=3, acked=3)}
    record = {"a/1": [Found("r1", 1)], "a/2": [Found("r2", 1)], "b/1": [Found("r3", 1)]}
    found = reckon_reports(book, record)
    assert (found.expected, found.acked, found.found) == (3, 3, 3)
    assert found.lost == found.phantom == found.duplicate == found.misnamed == found.homeless == 0


@pytest.mark.parametrize(
    ("record", "wrong"),
    [
        ({}, "lost"),
        ({"a/1": [Found("r1", 1)], "a/9": [Found("r9", 1)]}, "phantom"),
        ({"a/1": [Found("r1", 1), Found("r2", 1)]}, "duplicate"),
        ({"a/1": [Found("r2", 1)]}, "misnamed"),
        ({"a/1": [Found("r1", 0)]}, "homeless"),
        ({"a/1": [Found("r1", 2)]}, "homeless"),
    ],
)
def test_each_way_to_be_wrong_is_counted(record: dict[str, list[Found]], wrong: str) -> None:
    assert getattr(reckon_reports({"a/1": taken("r1")}, record), wrong) == 1


def test_two_answers_that_name_two_reports_are_noticed_even_if_one_is_right() -> None:
    assert reckon_reports({"a/1": taken("r1", "r2")}, {"a/1": [Found("r1", 1)]}).misnamed == 1


def test_what_nobody_was_told_of_may_be_there_or_not() -> None:
    book = {"a/1": Entry(sent=1), "a/2": Entry(sent=1)}
    found = reckon_reports(book, {"a/1": [Found("r1", 1)]})
    assert (found.lost, found.phantom, found.expected - found.acked) == (0, 0, 2)


# --- Conservation


def ticket(offset: int, key: str, digest: str = "") -> Ticket:
    return Ticket(("hotline", 0, offset, digest or f"d{offset}"), key)


BAD = ticket(2, "", "bad")
TOPIC = [ticket(0, "h/1"), ticket(1, "h/2"), BAD, ticket(3, "h/1")]


def test_in_is_accepted_and_duplicate_and_rejected() -> None:
    found = reckon_records(TOPIC, {"bad": "json-invalid"}, {"h/1", "h/2"}, {BAD.address: "json-invalid"})
    assert (found.read, found.accepted, found.duplicate, found.rejected) == (4, 2, 1, 1)
    assert found.unaccounted == found.false_rejects == found.missing_rejects == found.wrong_codes == 0


def test_a_record_that_went_nowhere_a_good_one_rejected_and_a_bad_one_swallowed() -> None:
    planted = {"bad": "json-invalid"}
    assert reckon_records(TOPIC, planted, {"h/1"}, {BAD.address: "json-invalid"}).unaccounted == 1
    spoilt = {BAD.address: "json-invalid", TOPIC[1].address: "unexpected"}
    assert reckon_records(TOPIC, planted, {"h/1"}, spoilt).false_rejects == 1
    assert reckon_records(TOPIC, planted, {"h/1", "h/2"}, {}).missing_rejects == 1
    assert reckon_records(TOPIC, planted, {"h/1", "h/2"}, {BAD.address: "unexpected"}).wrong_codes == 1


def test_a_topic_made_anew_uses_its_offsets_again_and_rejects_are_told_apart_by_their_bytes() -> None:
    again = ticket(2, "", "worse")
    planted = {"bad": "json-invalid", "worse": "too-large"}
    rejects = {BAD.address: "json-invalid", again.address: "too-large"}
    found = reckon_records([BAD, again], planted, set(), rejects)
    assert (found.rejected, found.unaccounted, found.wrong_codes) == (2, 0, 0)


# --- Events


def test_repeats_may_occur_and_gaps_may_not() -> None:
    history = {"c/1", "c/2", "c/3", "d/1"}
    assert reckon_events(history, history, [["c/1", "c/2", "c/1", "c/2", "c/3"], ["d/1"]]).repeats == 2
    turned = reckon_events(history, history, [["c/1", "c/3", "c/2"], ["d/1"]])
    assert (turned.gaps, turned.unpublished, turned.ghosts) == (1, 0, 0)


def test_unpublished_and_ghosts() -> None:
    found = reckon_events({"c/1", "c/2"}, {"c/1", "c/2", "c/3"}, [["c/1", "c/3", "x/1"]])
    assert (found.unpublished, found.ghosts) == (1, 1), "c/3 came while the topics were read, x/1 never happened"


@given(st.lists(st.integers(1, 6), min_size=1, max_size=6), st.randoms())
def test_whatever_is_repeated_a_stream_in_order_has_no_gap(lengths: list[int], dice: random.Random) -> None:
    sent: list[str] = []
    for subject, length in enumerate(lengths):
        for version in range(1, length + 1):
            sent += [f"s{subject}/{version}"] * dice.randint(1, 3)
            if version > 1 and dice.random() < 0.3:
                sent.append(f"s{subject}/{dice.randrange(1, version)}")
    found = reckon_events(set(sent), set(sent), [sent])
    assert (found.gaps, found.unpublished, found.ghosts) == (0, 0, 0)
    assert found.repeats == len(sent) - sum(lengths)


def test_nothing_in_ten_thousand_is_below_three_in_ten_thousand() -> None:
    assert bound(10_000) == pytest.approx(3e-4)
    assert bound(0) == 1.0


# --- Delays


def test_delays_are_told_by_calm_poison_and_slow_records() -> None:
    topic = [
        Ticket(("hotline", 0, 0, "quiet"), "h/1", 100.0),
        Ticket(("hotline", 0, 1, "bad"), "", 100.1),
        Ticket(("hotline", 0, 2, "behind"), "h/2", 100.2),
        Ticket(("hotline", 0, 3, "late"), "h/3", 110.0),
        Ticket(("hotline", 1, 0, "other"), "h/4", 110.0),
        Ticket(("hotline", 1, 1, "again"), "h/4", 111.0),
    ]
    found = {"h/1": [Found("1", 1, 100.1)], "h/2": [Found("2", 1, 100.25)], "h/3": [Found("3", 1, 115.0)],
             "h/4": [Found("4", 1, 110.01)]}  # fmt: skip
    each = measured(topic, {"bad": "json-invalid"}, found, ["quiet", "behind"])
    kinds = [(one.calm, one.behind_poison) for one in each]
    assert kinds == [(True, False), (True, True), (False, False), (False, False)]
    told = delays(topic, {"bad": "json-invalid"}, found, ["quiet", "behind"], [Window(109.0, 120.0, frozenset({0}))])
    assert [text.partition(" ms")[0] for text in told.values()] == ["p50 100", "p50 50", "p50 5,000", "p50 10"]


# --- Plans


@given(st.integers(0, 2**32), st.integers(1, 120))
def test_every_report_is_sent_once_to_eight_times_and_no_impostor_comes_first(seed: int, count: int) -> None:
    numbers = [Saying(str(n), "", "x", "", 0.0, 0.0) for n in range(count)]
    made = plan(numbers, random.Random(seed), 0.1)
    copies = dict.fromkeys((one.number for one in numbers), 0)
    for volley in (*made.volleys, *made.second):
        known = volley.saying.number
        if volley.impostor:
            assert copies[known], "an impostor before the report it abuses"
        else:
            copies[known] += volley.copies
    for one in (*made.table, *made.http_table):
        copies[one.number] += 2
    assert min(copies.values()) >= 1
    assert max(copies.values()) <= MOST_COPIES + 1, "one more where the topic made anew gets a known one again"
    assert sum(copies.values()) == made.copies


@given(st.integers(0, 2**32), st.integers(0, 30))
def test_a_schedule_is_its_seeds_own_and_spread_over_the_drill(seed: int, count: int) -> None:
    faults = spread(random.Random(seed), count, "kill", ("api-0", "api-1"))
    assert faults == spread(random.Random(seed), count, "kill", ("api-0", "api-1"))
    assert [fault.at for fault in faults] == sorted(fault.at for fault in faults)
    assert all(0.05 <= fault.at <= 0.95 for fault in faults)
    assert len(printed(faults).splitlines()) == count


async def test_faults_come_when_the_drill_has_come_so_far() -> None:
    faults = spread(random.Random(1), 5, "kill")
    progress, done = 0.0, []

    async def kill(fault: object) -> None:
        done.append((fault, progress))

    def share() -> float:
        nonlocal progress
        progress = min(progress + 0.04, 1.0)
        return progress

    await carry_out(faults, {"kill": kill}, share)
    assert [fault for fault, _ in done] == faults
    assert all(at >= fault.at for fault, at in done)  # type: ignore[attr-defined]


# --- Poison


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_of_poison_is_refused_for_its_own_reason(name: str) -> None:
    poison = KINDS[name](LAMP)

    def read_it() -> None:
        checked_schema(poison.headers, HOTLINE.contract)
        READERS[HOTLINE](poison.value, MONDAY, ReportId(UUID(int=7)))

    with pytest.raises(Invalid) as caught:
        read_it()
    assert caught.value.code == poison.code


def test_there_are_enough_kinds_of_it() -> None:
    assert len(KINDS) >= 30
    assert len({KINDS[name](LAMP).code for name in KINDS}) >= 15
