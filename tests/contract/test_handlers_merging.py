"""并单 and 拆单: two cases of one incident become one and part again, both sides or neither, and nobody is lost."""

import json
from dataclasses import replace
from typing import Any

import pytest

from domain.case import Case, Clock, State
from domain.commands import Verb
from domain.errors import Conflict
from domain.ids import CaseId, ReportId
from handlers.assign import assign_many
from handlers.outcomes import AlreadyDone, Done, Failed
from handlers.perform import perform_many
from handlers.ports import Office, new_id
from store.pool import Pool
from store.views import Scope, Views
from tests.demo_city import (
    CHIEF,
    COARSE,
    DESK,
    DISPATCHER,
    HOTLINE,
    NO_RULE,
    OFFICER,
    SEWER_COVER,
    a_call,
    accepted,
    an_office,
    behind,
    case_of,
    cases_of,
    code_of,
    dispatched,
    done,
    filed,
    first_of,
    history,
    merging,
    on_case,
    splitting,
    to_the_end,
    two_at_work,
)
from tests.record import consistent, drift

_LAST = "SELECT doc FROM events WHERE subject = $1 ORDER BY version DESC LIMIT 1"


async def links(pool: Pool, case: Case) -> dict[ReportId, bool]:
    """The reports behind a case in the record, and whether it is their home."""
    rows = await pool.fetch("SELECT report_id, home FROM case_reports WHERE case_id = $1", case.id)
    return {row["report_id"]: row["home"] for row in rows}


async def merged(office: Office, one: Case, main: Case) -> tuple[Case, Case]:
    """Both cases after the merge."""
    (outcome,) = await perform_many(office, [merging(one, main.id)])
    assert outcome == Done(one.id, one.version + 1)
    after = await cases_of(office, [one.id, main.id])
    return after[0], after[1]


async def test_both_sides_change_together_and_both_say_so(office: Office, pool: Pool) -> None:
    one, main = await two_at_work(office)
    (mine,), (theirs,) = await behind(office, one), await behind(office, main)
    gone, whole = await merged(office, one, main)
    assert (gone.state, gone.merged_into, gone.version) == (State.MERGED, main.id, one.version + 1)
    assert (whole.state, whole.version) == (main.state, main.version + 1)
    assert whole.absorbed == (one.id,)
    assert await behind(office, whole) == (theirs, mine), "every reporter stays"
    assert await behind(office, gone) == (mine,)
    assert not any(task.open for task in gone.tasks), "nobody works on it twice"
    assert not any(deadline.open for deadline in gone.deadlines)
    assert await history(pool, one.id) == ["filed", "dispatched", "merged"]
    assert await history(pool, main.id) == ["filed", "dispatched", "absorbed"]
    told = await pool.fetch("SELECT tx FROM events WHERE subject = ANY ($1) AND version = 3", [one.id, main.id])
    assert len({row["tx"] for row in told}) == 1
    assert await links(pool, whole) == {theirs: True, mine: False}
    assert await links(pool, gone) == {mine: True}
    seen = await Views(pool).report(mine, Scope())
    assert seen is not None
    assert {case["no"]: case["state"] for case in seen["cases"]} == {one.no: "merged", main.no: main.state}
    for case in (gone, whole):
        await drift(pool, case)


async def test_the_promise_made_to_the_eldest_holds_for_both(office: Office) -> None:
    """2 紧急工作时 run on through the night, so that two cases filed one after another are due one after another."""
    (elder,) = await cases_of(office, await dispatched(office, a_call(category=SEWER_COVER, **COARSE)))
    (younger,) = await cases_of(office, await dispatched(office, a_call(category=SEWER_COVER, **COARSE)))
    was, other = elder.running(Clock.DISPOSAL), younger.running(Clock.DISPOSAL)
    assert was is not None
    assert other is not None
    assert was.due_at < other.due_at
    _, whole = await merged(office, elder, younger)
    now = whole.running(Clock.DISPOSAL)
    assert now is not None
    assert now.due_at == was.due_at
    assert now.first_due_at == other.due_at


async def test_a_split_gives_back_exactly(office: Office, pool: Pool) -> None:
    one, main = await two_at_work(office)
    (stranger,) = await filed(office, a_call(**COARSE))
    shared = await first_of(office, await case_of(office, stranger))
    for case in (one, main):
        await done(office, on_case(case, Verb.JOIN, DESK, report=shared))
    one, main = await cases_of(office, [one.id, main.id])
    mine, theirs = await behind(office, one), await behind(office, main)
    gone, whole = await merged(office, one, main)
    assert whole.absorbed == (one.id,)
    came = json.loads(await pool.fetchval(_LAST, main.id))["reports"]
    assert came == [str(mine[0])], "who stood behind both came with neither"
    (outcome,) = await perform_many(office, [splitting(gone, main.id)])
    assert outcome == Done(one.id, gone.version + 1)
    parted, rest = await cases_of(office, [one.id, main.id])
    assert (await behind(office, rest), rest.absorbed) == (theirs, ())
    assert (parted.merged_into, parted.state) == (None, State.PENDING_DISPATCH)
    assert await behind(office, parted) == mine
    assert await links(pool, rest) == {theirs[0]: True, shared: False}
    assert await links(pool, parted) == {mine[0]: True, shared: False}
    assert (await history(pool, one.id))[-2:] == ["merged", "split"]
    assert (await history(pool, main.id))[-2:] == ["absorbed", "released"]
    await assign_many(office, [one.id])
    for case_id in (one.id, main.id):
        assert (await to_the_end(office, case_id)).state is State.CLOSED
    await consistent(pool)


async def test_a_case_that_was_never_filed_parts_to_the_desk(office: Office) -> None:
    doubtful, main = await filed(office, a_call(category=None, text="说不清楚", **COARSE), a_call(**COARSE))
    one, other = await cases_of(office, [doubtful, main])
    gone, _ = await merged(office, one, other)
    await perform_many(office, [splitting(gone, main)])
    assert (await case_of(office, doubtful)).state is State.REPORTED


async def test_one_main_case_takes_many_and_gives_each_its_own(office: Office, pool: Pool) -> None:
    cases = await cases_of(office, await dispatched(office, *(a_call(**COARSE) for _ in range(5))))
    main, others = cases[0], cases[1:]
    opened = [await first_of(office, case) for case in cases]
    outcomes = await perform_many(office, [merging(other, main.id) for other in others])
    assert [type(outcome) for outcome in outcomes] == [Done] * 4, "in one batch"
    whole = await case_of(office, main.id)
    assert set(await behind(office, whole)) == set(opened)
    merged_now = await cases_of(office, [case.id for case in others])
    await perform_many(office, [splitting(case, main.id) for case in (merged_now[2], merged_now[0])])
    rest = await case_of(office, main.id)
    stay = [opened[0], opened[2], opened[4]]
    first, *others_now = await behind(office, rest)
    assert (first, set(others_now)) == (stay[0], set(stay[1:]))
    assert await links(pool, rest) == {report: report == opened[0] for report in stay}
    await consistent(pool)


async def test_merging_and_parting_in_one_batch_leaves_no_trace_in_the_links(office: Office, pool: Pool) -> None:
    one, main = await two_at_work(office)
    there = replace(merging(one, main.id), command=replace(merging(one, main.id).command, expected=None))
    back = replace(there, command=replace(there.command, verb=Verb.SPLIT))
    for batch, linked in (([there, back], False), ([there, back, there], True), ([back, there, back], False)):
        outcomes = await perform_many(office, batch)
        assert [type(outcome) for outcome in outcomes] == [Done] * len(batch)
        whole = await case_of(office, main.id)
        assert (await first_of(office, one) in await links(pool, whole)) is linked
        await consistent(pool, one.id, main.id)


async def test_who_took_a_report_back_is_not_counted_among_those_a_merge_brings(office: Office, pool: Pool) -> None:
    desk: dict[str, Any] = {"category": None, "text": "说不清楚", **COARSE}
    one, main = await cases_of(office, await filed(office, a_call(**desk), a_call(**desk)))
    mine, taken = await first_of(office, one), await first_of(office, main)
    for here, report in ((one, taken), (main, mine)):
        await done(office, on_case(here, Verb.JOIN, DESK, report=report))
    main = await case_of(office, main.id)
    await done(office, on_case(main, Verb.WITHDRAW, HOTLINE, report=taken, reason="settled"))
    one, main = await cases_of(office, [one.id, main.id])
    assert await behind(office, main) == (mine,)
    gone, whole = await merged(office, one, main)
    await consistent(pool, one.id, main.id)
    await perform_many(office, [splitting(gone, main.id)])
    assert await links(pool, whole) == {mine: False, taken: True}
    await consistent(pool, one.id, main.id)


REFUSED_PARTNERS = [
    ("with itself", lambda one, main: one.id, "other-case-required"),
    ("with an unknown one", lambda one, main: CaseId(new_id()), "not-found"),
    ("with none", lambda one, main: None, "not-found"),
]


@pytest.mark.parametrize(
    ("partner", "code"), [(p, c) for _, p, c in REFUSED_PARTNERS], ids=[n for n, *_ in REFUSED_PARTNERS]
)
async def test_what_cannot_be_merged_changes_nothing(office: Office, pool: Pool, partner: Any, code: str) -> None:
    one, main = await two_at_work(office)
    request = replace(merging(one, main.id), partner=partner(one, main))
    (outcome,) = await perform_many(office, [request])
    assert code_of(outcome) == code
    assert await cases_of(office, [one.id, main.id]) == [one, main]
    await consistent(pool, one.id, main.id)


async def test_if_either_side_refuses_neither_changes(office: Office, pool: Pool) -> None:
    (ended,) = await dispatched(office, a_call(**COARSE))
    await to_the_end(office, ended)
    one, main = await two_at_work(office)
    last = await case_of(office, ended)
    asked = [
        merging(one, last.id),  # into what is over
        merging(last, one.id),  # what is over itself
        splitting(one, main.id),  # what was never merged
        replace(merging(one, main.id), command=replace(merging(one, main.id).command, reason="")),
        replace(merging(one, main.id), command=replace(merging(one, main.id).command, expected=1)),
        merging(one, main.id, actor=OFFICER),
    ]
    outcomes = await perform_many(office, asked)
    assert [code_of(outcome) for outcome in outcomes] == [
        "other-case-ended", "verb-not-allowed", "verb-not-allowed", "reason-required", "version-conflict",
        "actor-not-allowed",
    ]  # fmt: skip
    assert isinstance(outcomes[4], Failed)
    assert isinstance(outcomes[4].error, Conflict)
    assert await cases_of(office, [one.id, main.id, last.id]) == [one, main, last]
    for case in (one, main, last):
        await drift(pool, case)


async def test_a_chain_cannot_be_made(office: Office) -> None:
    one, main = await two_at_work(office)
    third = await case_of(office, (await dispatched(office, a_call(**COARSE)))[0])
    gone, whole = await merged(office, one, main)
    assert code_of((await perform_many(office, [merging(whole, third.id)]))[0]) == "other-case-absorbed"
    assert code_of((await perform_many(office, [merging(third, gone.id)]))[0]) == "other-case-ended"
    assert code_of((await perform_many(office, [splitting(gone, third.id)]))[0]) == "other-case-required"


async def test_nobody_asks_for_one_side_alone_by_repeating_a_key(office: Office, pool: Pool) -> None:
    one, main = await two_at_work(office)
    request = replace(merging(one, main.id), key=f"merge-{one.no}", fingerprint=b"m")
    assert await perform_many(office, [request]) == [Done(one.id, one.version + 1)]
    assert await perform_many(office, [request, request]) == [AlreadyDone(one.id, one.version + 1)] * 2
    assert (await case_of(office, main.id)).version == main.version + 1
    await consistent(pool, one.id, main.id)


async def test_the_account_adds_up_whatever_becomes_of_the_cases(pool: Pool) -> None:
    office = an_office(pool)
    before = dict(await Views(pool).account())

    async def change() -> dict[str, int]:
        now = await Views(pool).account()
        assert now["received"] == sum(n for part, n in now.items() if part != "received")
        return {part: n - before[part] for part, n in now.items() if n != before[part]}

    desk: dict[str, Any] = {"category": None, "text": "说不清楚", **COARSE}
    ids = await filed(office, a_call(**COARSE), a_call(**COARSE), a_call(category=NO_RULE, **COARSE), a_call(**desk))
    await accepted(office, a_call(**COARSE))
    assert await change() == {"received": 5, "filed": 3, "at_desk": 1, "not_filed_yet": 1}
    one, main, third, doubtful = await cases_of(office, ids)
    await perform_many(office, [merging(one, main.id), merging(doubtful, main.id)])
    assert await change() == {"received": 5, "filed": 2, "joined": 2, "not_filed_yet": 1}, "they are where they went"
    gone = await case_of(office, doubtful.id)
    await perform_many(office, [splitting(gone, main.id)])
    assert await change() == {"received": 5, "filed": 2, "joined": 1, "at_desk": 1, "not_filed_yet": 1}
    await done(office, on_case(await case_of(office, doubtful.id), Verb.REFUSE, DESK, reason="no"))
    assert await change() == {"received": 5, "filed": 2, "joined": 1, "not_accepted": 1, "not_filed_yet": 1}
    await done(office, on_case(third, Verb.RETURN, DISPATCHER, reason="not-a-case"))
    assert await change() == {
        "received": 5, "filed": 1, "joined": 1, "at_desk": 1, "not_accepted": 1, "not_filed_yet": 1,
    }  # fmt: skip
    back = await case_of(office, third.id)
    assert back.filed_at is None
    await done(office, on_case(back, Verb.CANCEL, DESK, reason="test", new_id=new_id()))
    asked = await case_of(office, third.id)
    await done(office, on_case(asked, Verb.GRANT, CHIEF, petition=asked.petitions[0].id))
    assert (await case_of(office, third.id)).state is State.VOID
    assert await change() == {"received": 5, "filed": 1, "joined": 1, "not_accepted": 2, "not_filed_yet": 1}
    await consistent(pool)
