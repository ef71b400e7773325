"""Reports and cases are n to m: the desk puts one report behind several cases, and a caller may take it back."""

import asyncio
from typing import Any

from domain.case import Case, State
from domain.commands import Verb
from domain.ids import ReportId
from handlers.file import file_many
from handlers.outcomes import Done
from handlers.ports import Office, new_id
from store.pool import Pool
from store.views import Scope, Views
from tests.demo_city import (
    COARSE,
    DESK,
    HOTLINE,
    NO_RULE,
    a_call,
    accepted,
    behind,
    case_of,
    cases_of,
    code_of,
    dispatched,
    done,
    filed,
    first_of,
    history,
    on_case,
    perform,
    to_the_end,
)
from tests.record import consistent

DOUBTFUL: dict[str, Any] = {"category": None, "text": "说不清楚", **COARSE}


async def withdrawn(pool: Pool, case: Case) -> list[ReportId]:
    """The reports that were taken back from a case."""
    rows = await pool.fetch("SELECT report_id FROM case_reports WHERE case_id = $1 AND withdrawn", case.id)
    return [row["report_id"] for row in rows]


async def cases_behind(pool: Pool, report: ReportId) -> dict[str, tuple[bool, bool]]:
    """The cases a report stands behind, by number: whether it opened each, and whether that is its home."""
    rows = await pool.fetch(
        "SELECT c.no, l.opened, l.home FROM case_reports l JOIN cases c ON c.id = l.case_id WHERE l.report_id = $1",
        report,
    )
    return {row["no"]: (row["opened"], row["home"]) for row in rows}


async def test_one_report_may_stand_behind_several_cases_and_a_case_has_many_reports(
    office: Office, pool: Pool
) -> None:
    """Lamp out and cover loose in one call: the desk puts it behind both, its home stays where it was filed."""
    cases = await cases_of(office, await dispatched(office, *(a_call(**COARSE) for _ in range(3))))
    report = await first_of(office, cases[0])
    for case in cases[1:]:
        await done(office, on_case(case, Verb.JOIN, DESK, report=report))
    assert await cases_behind(pool, report) == {
        cases[0].no: (True, True),
        cases[1].no: (False, False),
        cases[2].no: (False, False),
    }
    for case in await cases_of(office, [case.id for case in cases[1:]]):
        assert (await behind(office, case))[1:] == (report,)
        assert (await history(pool, case.id))[-1] == "joined"
    seen = await Views(pool).report(report, Scope())
    assert seen is not None
    assert [case["no"] for case in seen["cases"]] == [case.no for case in cases]
    account = await Views(pool).account()
    assert account["received"] == sum(n for part, n in account.items() if part != "received"), "it is counted once"
    assert (await to_the_end(office, cases[1].id)).state is State.CLOSED
    await consistent(pool)


async def test_a_report_joins_a_case_once(office: Office, pool: Pool) -> None:
    one, other = await cases_of(office, await dispatched(office, a_call(**COARSE), a_call(**COARSE)))
    join = on_case(other, Verb.JOIN, DESK, report=await first_of(office, one))
    outcomes = await asyncio.gather(*(perform(office, join) for _ in range(4)))
    assert sorted(type(outcome).__name__ for (outcome,) in outcomes) == ["Done", "Failed", "Failed", "Failed"]
    now = await case_of(office, other.id)
    (again,) = await perform(office, on_case(now, Verb.JOIN, DESK, report=await first_of(office, one)))
    assert code_of(again) == "report-joined"
    await consistent(pool, one.id, other.id)


async def test_what_is_not_filed_yet_or_unknown_is_refused(office: Office, pool: Pool) -> None:
    """Filing finds a report its home first: joined before, it would never find one."""
    (case_id,) = await dispatched(office, a_call(**COARSE))
    case = await case_of(office, case_id)
    (waiting,) = await accepted(office, a_call(**COARSE))
    for report in (waiting, ReportId(new_id()), None):
        (outcome,) = await perform(office, on_case(case, Verb.JOIN, DESK, report=report))
        assert code_of(outcome) == "report-required"
    assert await case_of(office, case_id) == case
    await file_many(office, [waiting])
    await done(office, on_case(case, Verb.JOIN, DESK, report=waiting))
    assert (await behind(office, await case_of(office, case_id)))[-1] == waiting
    await consistent(pool, case_id)


async def test_a_desk_and_a_clerk_at_the_same_report_leave_it_one_home(office: Office, pool: Pool) -> None:
    (case_id,) = await dispatched(office, a_call(category=NO_RULE, **COARSE))
    for _ in range(10):
        (report,) = await accepted(office, a_call(**COARSE))
        case = await case_of(office, case_id)
        (filing,), (joining,) = await asyncio.gather(
            file_many(office, [report]), perform(office, on_case(case, Verb.JOIN, DESK, report=report))
        )
        assert isinstance(filing, Done)
        homes = [home for _, home in (await cases_behind(pool, report)).values()]
        assert sorted(homes) == ([False, True] if isinstance(joining, Done) else [True])
    await consistent(pool)


async def doubtful(office: Office) -> Case:
    """A case that waits at the desk."""
    return await case_of(office, (await filed(office, a_call(**DOUBTFUL)))[0])


async def test_a_caller_takes_a_report_back_while_nobody_has_accepted_it(office: Office, pool: Pool) -> None:
    case = await doubtful(office)
    mine = await first_of(office, case)
    await done(office, on_case(case, Verb.WITHDRAW, HOTLINE, report=mine, reason="settled"))
    after = await case_of(office, case.id)
    assert (after.state, after.behind, await behind(office, after)) == (State.WITHDRAWN, 0, ())
    assert await withdrawn(pool, after) == [mine]
    assert not any(deadline.open for deadline in after.deadlines)
    assert await cases_behind(pool, mine) == {case.no: (True, True)}, "it stays in the account"
    await consistent(pool, case.id)


async def test_a_case_with_another_caller_goes_on_when_one_takes_theirs_back(office: Office, pool: Pool) -> None:
    case, other = await doubtful(office), await doubtful(office)
    await done(office, on_case(case, Verb.JOIN, DESK, report=await first_of(office, other)))
    case = await case_of(office, case.id)
    first, second = await behind(office, case)
    await done(office, on_case(case, Verb.WITHDRAW, HOTLINE, report=first, reason="settled"))
    after = await case_of(office, case.id)
    assert (after.state, await behind(office, after)) == (State.REPORTED, (second,))
    assert await withdrawn(pool, after) == [first]
    (again,) = await perform(office, on_case(after, Verb.WITHDRAW, HOTLINE, report=first, reason="settled"))
    assert code_of(again) == "report-required"
    (back,) = await perform(office, on_case(after, Verb.JOIN, DESK, report=first))
    assert code_of(back) == "report-joined", "what was taken back is not put back by somebody else"
    await done(office, on_case(after, Verb.WITHDRAW, HOTLINE, report=second, reason="settled"))
    assert (await case_of(office, case.id)).state is State.WITHDRAWN
    assert (await case_of(office, other.id)).state is State.REPORTED, "its own case is another matter"
    await consistent(pool)


async def test_what_was_accepted_cannot_be_taken_back(office: Office) -> None:
    (case_id,) = await dispatched(office, a_call(**COARSE))
    case = await case_of(office, case_id)
    command = on_case(case, Verb.WITHDRAW, HOTLINE, report=await first_of(office, case), reason="settled")
    assert code_of((await perform(office, command))[0]) == "verb-not-allowed"


async def test_a_caller_and_the_desk_at_once_one_of_them_is_told(office: Office, pool: Pool) -> None:
    for _ in range(10):
        case = await doubtful(office)
        mine = await first_of(office, case)
        (taken,), (refused,) = await asyncio.gather(
            perform(office, on_case(case, Verb.WITHDRAW, HOTLINE, report=mine, reason="settled")),
            perform(office, on_case(case, Verb.REFUSE, DESK, reason="out-of-scope")),
        )
        assert sorted(type(outcome).__name__ for outcome in (taken, refused)) == ["Done", "Failed"]
        await consistent(pool, case.id)
