"""Two maintenance companies share a district: the rulebook names both, the office picks one and says why."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

from dispatch.balance import SLACK
from dispatch.duty import Duty, Person, Shift, Team
from dispatch.engine import Engine
from dispatch.rulebook import Rulebook
from dispatch.rules import Rule
from dispatch.windows import Window
from domain.absence import Absence
from domain.commands import Verb
from domain.report import Report
from domain.task import Part, TaskState
from handlers.assign import assign_many
from handlers.ports import Office
from store.pool import Pool, connect
from tests.demo_city import (
    LAMP,
    SEWER_COVER,
    a_call,
    an_office,
    case_of,
    cases_of,
    dispatched,
    done,
    filed,
    on_task,
    pack,
    spot,
)
from tests.wire import wire

BOTH = ("lighting", "roads")
ALL_DAY = Window("全天")
_ELSEWHEN = (datetime.now(UTC) + timedelta(days=3)).weekday()
NEVER = Window("从不", weekdays=frozenset({_ELSEWHEN}), start=time(), end=time(1))


def shared(
    pool: Pool,
    people: Sequence[Person] = (),
    teams: Sequence[Team] = (),
    shifts: Sequence[Shift] = (),
    units: tuple[str, ...] = BOTH,
) -> Office:
    """The demo city with one rule more: 路灯 are kept by two companies."""
    book, own = pack().rulebook, an_office(pool)
    lamp = own.advisers.catalogue.find(LAMP).key
    rules = [rule for rule in book.rules if lamp not in rule.category]
    rules.append(Rule("lamp-shared", units, category=frozenset({lamp})))
    shared_book = Rulebook(
        "shared", rules, book.roster, book.categories, book.areas, windows=book.windows, land_use=book.land_use
    )
    engine = Engine(shared_book)
    duty = Duty(own.advisers.policy.calendar, people, teams, shifts)
    return replace(own, advisers=replace(own.advisers, who=engine, duty=duty))


async def leads(office: Office, *reports: Report) -> list[str]:
    """The lead units of fresh cases."""
    cases = await cases_of(office, await dispatched(office, *reports))
    return [next(t.unit for t in case.tasks if t.part is Part.LEAD) or "" for case in cases]


async def test_a_batch_is_shared_out_and_what_is_open_already_counts(pool: Pool) -> None:
    office = shared(pool)
    assert Counter(await leads(office, *(a_call(n) for n in range(6)))) == {"lighting": 3, "roads": 3}
    (cover,) = await dispatched(office, a_call(10, "06013"))
    case = await case_of(office, cover)
    assert [t.unit for t in case.tasks if t.part is Part.LEAD] == ["roads"], "no choice there"
    assert (await leads(office, a_call(11)))[0] == "lighting"


async def test_the_reason_says_who_else_could_and_the_case_keeps_the_choice(pool: Pool) -> None:
    office = shared(pool, shifts=[Shift("lighting", "夜班", NEVER), Shift("roads", "全天", ALL_DAY)])
    (case_id,) = await dispatched(office, a_call(20))
    verdict = (await case_of(office, case_id)).verdict
    assert verdict is not None
    assert (verdict.lead, verdict.choice, verdict.rule) == ("roads", BOTH, "lamp-shared")
    assert "of lighting, roads roads leads: on duty" in verdict.reason
    assert "off duty: lighting" in verdict.reason


async def test_a_company_whose_people_are_all_away_sleeps(pool: Pool) -> None:
    people = [Person("li", "李工", "roads")]
    office = shared(pool, people, shifts=[Shift("roads", "全天", ALL_DAY, ("li",))])
    async with office.store.unit() as unit:
        hours = timedelta(hours=1)
        await unit.duty.put(Absence("li", unit.at - hours, unit.at + hours), "chief-1")
    assert set(await leads(office, *(a_call(n) for n in range(30, 40)))) == {"lighting"}
    async with office.store.unit() as unit:
        await unit.duty.end("li")
        assert await unit.duty.absences() == []
    assert await leads(office, a_call(41)) == ["roads"], "it is the one with less to do by now"


async def test_the_nearer_team_goes_while_it_is_hardly_busier(pool: Pool) -> None:
    teams = [Team("east", "东班", "market", spot(50)), Team("west", "西班", "fire", spot(50, north=30_000))]
    office = shared(pool, teams=teams, units=("fire", "market"))
    given = [(await leads(office, a_call(50 + n)))[0] for n in range(SLACK + 3)]
    assert given == ["market"] * (SLACK + 1) + ["fire", "market"]


async def test_who_sent_it_back_is_not_chosen_again(pool: Pool) -> None:
    office = shared(pool)
    (case_id,) = await dispatched(office, a_call(60))
    first = await case_of(office, case_id)
    await done(office, on_task(first, Verb.SEND_BACK, reason="not-our-duty"))
    await assign_many(office, [case_id])
    tasks = [(t.unit, t.state) for t in (await case_of(office, case_id)).tasks]
    assert {unit for unit, _ in tasks} == set(BOTH)
    assert [state for _, state in tasks] == [TaskState.SENT_BACK, TaskState.OFFERED]


async def test_only_a_choice_costs_a_question_and_a_batch_of_any_size_the_same(fresh_dsn: str) -> None:
    async with wire(fresh_dsn) as line:
        pool = await connect(line.dsn, size=1, application="tests-counted")
        try:
            office, cost = shared(pool, [Person("li", "李工", "roads")]), {}
            for category, size in ((LAMP, 2), (SEWER_COVER, 2), (LAMP, 3), (SEWER_COVER, 3), (LAMP, 40)):
                reports = (a_call(n, category, point=None, area_names=("临湖区",)) for n in range(size))
                cases = await filed(office, *reports)
                before = line.statements
                await assign_many(office, cases)
                cost[category, size] = line.statements - before
        finally:
            await pool.close()
    assert cost[LAMP, 40] <= cost[LAMP, 3]
    assert cost[LAMP, 3] <= cost[SEWER_COVER, 3] + 2
