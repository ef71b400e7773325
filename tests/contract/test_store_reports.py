"""The memory lets each report in once, however often it comes and on however many lines."""

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from domain.report import Contact
from handlers.accept import accept_many, fingerprint
from handlers.outcomes import AlreadyDone, Done, Failed, Outcome
from handlers.ports import Office, new_id
from store.pool import Pool
from tests.demo_city import (
    a_call,
    accepted,
)


async def count(pool: Pool, what: str, *values: object) -> int:
    found: int = await pool.fetchval(f"SELECT count(*) FROM {what}", *values)  # noqa: S608  (our own words)
    return found


async def test_the_same_ticket_again_is_the_same_report(office: Office, pool: Pool) -> None:
    ticket = a_call()
    again = replace(ticket, id=new_id(), received_at=datetime.now(UTC))
    assert await accept_many(office, [ticket]) == [Done(ticket.id)]
    assert await accept_many(office, [again]) == [AlreadyDone(ticket.id)]
    assert await count(pool, "reports WHERE origin_key = $1", ticket.origin_key) == 1
    assert await count(pool, "events WHERE subject = ANY ($1)", [ticket.id, again.id]) == 1


async def test_another_ticket_under_the_same_number_is_refused_and_changes_nothing(office: Office, pool: Pool) -> None:
    ticket = a_call()
    other = replace(ticket, id=new_id(), text="井盖没了")
    await accept_many(office, [ticket])
    (outcome,) = await accept_many(office, [other])
    assert isinstance(outcome, Failed)
    assert getattr(outcome.error, "code", None) == "idempotency-key-reused"
    kept = await pool.fetchval("SELECT doc FROM reports WHERE origin_key = $1", ticket.origin_key)
    assert json.loads(kept)["text"] == ticket.text
    assert await count(pool, "events WHERE subject = $1", other.id) == 0


async def test_numbers_are_unique_only_within_their_origin(office: Office) -> None:
    ticket = a_call()
    elsewhere = replace(ticket, id=new_id(), origin="hotline:other-city")
    assert await accept_many(office, [ticket, elsewhere]) == [Done(ticket.id), Done(elsewhere.id)]


async def test_twins_in_one_batch_are_told_apart(office: Office) -> None:
    first, stranger = a_call(), a_call()
    twin = replace(first, id=new_id())
    changed = replace(first, id=new_id(), text="另一件事")
    outcomes = await accept_many(office, [first, twin, stranger, changed])
    assert outcomes[:3] == [Done(first.id), AlreadyDone(first.id), Done(stranger.id)]
    assert isinstance(outcomes[3], Failed)


async def test_of_twins_in_a_large_batch_the_first_is_let_in(office: Office) -> None:
    firsts = [a_call() for _ in range(400)]
    twins = [replace(ticket, id=new_id(), text="后来改口") for ticket in firsts]
    outcomes = await accept_many(office, [*firsts, *twins])
    assert outcomes[:400] == [Done(ticket.id) for ticket in firsts]
    assert all(isinstance(outcome, Failed) for outcome in outcomes[400:])


async def test_of_a_ticket_sent_on_eight_lines_at_once_one_is_let_in(office: Office, pool: Pool) -> None:
    for _ in range(10):
        ticket = a_call()
        copies = [replace(ticket, id=new_id()) for _ in range(8)]
        outcomes = [o for (o,) in await asyncio.gather(*(accept_many(office, [copy]) for copy in copies))]
        (winner,) = [o.subject for o in outcomes if isinstance(o, Done)]
        assert {o.subject for o in outcomes if isinstance(o, AlreadyDone)} == {winner}
        assert len([o for o in outcomes if isinstance(o, AlreadyDone)]) == 7
        assert await count(pool, "reports WHERE origin_key = $1", ticket.origin_key) == 1


async def test_a_promise_that_was_rolled_back_is_no_promise(office: Office, pool: Pool) -> None:
    ticket = a_call()

    async def stumble() -> None:
        async with office.store.unit() as unit:
            await unit.reports.let_in([ticket], [fingerprint(ticket)])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await stumble()
    assert await count(pool, "events WHERE subject = $1", ticket.id) == 0
    assert await accept_many(office, [replace(ticket, id=new_id())]) != [AlreadyDone(ticket.id)]


async def test_two_batches_of_the_same_tickets_in_opposite_order_both_go_through(office: Office) -> None:
    async def crossing() -> list[list[Outcome]]:
        there = [a_call() for _ in range(400)]
        back = [replace(ticket, id=new_id()) for ticket in reversed(there)]
        return await asyncio.gather(accept_many(office, there), accept_many(office, back))

    for _ in range(5):
        there, back = await crossing()
        assert sum(isinstance(o, Done) for o in [*there, *back]) == 400


async def test_the_reporters_phone_number_is_kept_apart(office: Office, pool: Pool) -> None:
    ticket = a_call(contact=Contact("甲某", "13900000000"))
    await accepted(office, ticket)
    row = await pool.fetchrow("SELECT doc, contact FROM reports WHERE id = $1", ticket.id)
    assert json.loads(row["contact"])["phone"] == "13900000000"
    assert b"13900000000" not in row["doc"]
    told = await pool.fetch("SELECT doc FROM events WHERE subject = $1", ticket.id)
    assert told
    assert not any(b"13900000000" in row["doc"] for row in told)
