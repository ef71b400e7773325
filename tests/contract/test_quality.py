"""First-dispatch accuracy: kept with the events, ranked by trouble, and a rule gone bad raises the alarm."""

import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from domain.accuracy import Tally
from domain.case import Case
from domain.commands import Verb
from domain.petition import Matter
from domain.policy import SendBack
from handlers.assign import assign_many
from handlers.ports import Office, new_id
from store.pool import Pool, connect
from store.quality import QualityViews
from store.scope import Scope
from tests.conftest import fresh_database
from tests.demo_city import (
    CHIEF,
    DISPATCHER,
    LAMP,
    NO_RULE,
    SEWER_COVER,
    a_call,
    case_of,
    dispatched,
    done,
    filed,
    grid,
    ids,
    in_district,
    on_case,
    on_task,
)
from tests.front_door import FrontDoor, front_door

LINHU, SHANQIAN = in_district("439901"), in_district("439902")
DAY = timedelta(days=1)

# First dispatches told the long way, from the history alone.
_PLAINLY = """
    SELECT DISTINCT ON (e.subject) e.subject AS case_id, nullif(e.doc -> 'verdict' ->> 'rule', '') AS rule,
           e.doc -> 'tasks' -> 0 ->> 'unit' AS unit, e.at AS dispatched_at,
           (SELECT b.at FROM events b WHERE b.subject = e.subject AND b.version > e.version
            AND EXISTS (SELECT FROM json_array_elements(b.doc -> 'tasks') AS t
                        WHERE t ->> 'id' = e.doc -> 'tasks' -> 0 ->> 'id' AND t ->> 'state' = 'sent_back')
            ORDER BY b.version LIMIT 1) AS sent_back_at
    FROM events e WHERE e.type IN ('case.dispatched', 'case.activated') ORDER BY e.subject, e.version
"""


async def back(office: Office, case: Case) -> None:
    """The lead says it is not theirs, and the rulebook is asked again."""
    await done(office, on_task(case, Verb.SEND_BACK, reason="not-our-duty"))
    await assign_many(office, [case.id])


@pytest.fixture(scope="module")
async def day(office: Office, pool: Pool) -> None:
    """Six lamps in two districts, of which three come back; an open sewer; one without a rule, given by hand."""
    lamps = await dispatched(office, *(a_call(n) for n in (LINHU, LINHU + 1, LINHU + 2, SHANQIAN, SHANQIAN + 1)))
    for case in (lamps[0], lamps[3], lamps[4]):
        await back(office, await case_of(office, case))
    await back(office, await case_of(office, lamps[0]))
    await dispatched(office, a_call(LINHU + 5, SEWER_COVER))
    (unruled,) = await dispatched(office, a_call(LINHU + 6, NO_RULE))
    by_hand = await case_of(office, unruled)
    assert by_hand.verdict is not None
    verdict = replace(by_hand.verdict, lead="gas", rule="by hand")
    await done(office, on_case(by_hand, Verb.DISPATCH, DISPATCHER, verdict=verdict, new_tasks=ids()))
    await filed(office, a_call(LINHU + 7))


@pytest.mark.usefixtures("day")
async def test_what_is_kept_is_what_the_history_says(pool: Pool) -> None:
    kept = await pool.fetch("SELECT case_id, rule, unit, dispatched_at, sent_back_at FROM dispatches ORDER BY case_id")
    plainly = await pool.fetch(_PLAINLY)
    assert [tuple(row) for row in kept] == [tuple(row) for row in plainly]
    assert len(kept) == 7, "a second dispatch of a case is no first one, and what was not dispatched is none"
    assert sum(row["sent_back_at"] is not None for row in kept) == 3


@pytest.mark.usefixtures("day")
async def test_by_rule_unit_category_and_area_the_most_trouble_first(pool: Pool) -> None:
    views, since = QualityViews(pool), await pool.fetchval("SELECT now() - interval '1 day'")
    rules = await views.tally("rule", since, Scope(), 50)
    assert [(one.name, one.tally) for one in rules.ranked] == [
        ("street-lamp", Tally(5, 3)), ("by hand", Tally(1, 0)), ("sewer-cover-open", Tally(1, 0)),
    ]  # fmt: skip
    assert (rules.names, rules.total) == (3, Tally(7, 3))
    assert rules.ranked[0].seconds_lost > 0
    units = await views.tally("unit", since, Scope(), 1)
    assert [one.name for one in units.ranked] == ["lighting"]
    assert (units.names, units.total) == (3, Tally(7, 3)), "also what the limit cuts off"
    categories = await views.tally("category", since, Scope(), 50)
    assert categories.ranked[0].name.endswith(LAMP)
    districts = await views.tally("area", since, Scope(), 50, ["439901", "439902"])
    assert {one.name: one.tally for one in districts.ranked} == {"439901": Tally(5, 1), "439902": Tally(2, 2)}
    assert districts.ranked[0].name == "439902"
    assert (await views.tally("rule", await pool.fetchval("SELECT now()"), Scope(), 50)).total == Tally(0, 0)


@pytest.mark.usefixtures("day")
async def test_whoever_sees_one_district_is_told_of_that_one(pool: Pool) -> None:
    views, since = QualityViews(pool), await pool.fetchval("SELECT now() - interval '1 day'")
    scope = Scope(areas=("439900/439902/",))
    assert (await views.tally("rule", since, scope, 50)).total == Tally(2, 2)
    assert (await views.tally("area", since, scope, 50, ["439901", "439902"])).total == Tally(2, 2)


@pytest.mark.usefixtures("day")
async def test_over_http_with_the_words_people_know(city: FrontDoor) -> None:
    found = (await city.get("viewer-1", "/v1/dispatch/quality?by=unit")).json()
    assert found["items"][0] == {
        "name": "lighting", "label": "云湖市路灯管理所", "dispatched": 5, "sent_back": 3, "accuracy": 0.4,
        "hours_lost": found["items"][0]["hours_lost"],
    }  # fmt: skip
    assert found["total"] == {"dispatched": 7, "sent_back": 3, "accuracy": 0.5714}
    streets = (await city.get("viewer-1", "/v1/dispatch/quality?by=area")).json()
    assert {len(item["name"]) for item in streets["items"]} == {9}
    assert grid(SHANQIAN)[:9] in {item["name"] for item in streets["items"][:2]}
    hand = (await city.get("chief-1", "/v1/dispatch/quality")).json()["items"][1]
    assert hand["label"] == "人工派单"
    kind = (await city.get("chief-1", "/v1/dispatch/quality?by=category&limit=1")).json()
    assert (len(kind["items"]), kind["names"]) == (1, 3)
    assert "路灯" in kind["items"][0]["label"]
    assert (await city.get("unit-roads", "/v1/dispatch/quality")).status_code == 403
    for query in ("by=weather", "since=yesterday", "since=2026-11-20T08:00", "level=planet", "limit=0"):
        assert (await city.get("chief-1", f"/v1/dispatch/quality?{query}")).status_code in (400, 422), query
    early = await city.get("chief-1", "/v1/dispatch/quality?since=1999-01-01T00:00:00Z")
    assert early.json()["code"] == "timestamp-out-of-range"
    assert (await city.get("chief-1", "/v1/dispatch/quality?since=2026-01-01T00:00:00+08:00")).status_code == 200


async def test_a_send_back_that_somebody_must_grant_counts_when_it_is_granted(pool: Pool, office: Office) -> None:
    policy = replace(
        office.advisers.policy,
        send_back=SendBack(5),
        consents={**office.advisers.policy.consents, Matter.SEND_BACK: 1},
    )
    careful = replace(office, advisers=replace(office.advisers, policy=policy))
    (case_id,) = await dispatched(careful, a_call(LINHU + 8))
    case = await case_of(careful, case_id)
    await done(careful, on_task(case, Verb.SEND_BACK, reason="not-our-duty", new_id=new_id()))
    when = "SELECT sent_back_at FROM dispatches WHERE case_id = $1"
    assert await pool.fetchval(when, case_id) is None
    case = await case_of(careful, case_id)
    await done(careful, on_case(case, Verb.GRANT, CHIEF, petition=case.petitions[-1].id))
    assert await pool.fetchval(when, case_id) is not None


# --- A rule gone bad


@pytest.fixture
async def drifting(postgres_dsn: str) -> AsyncIterator[tuple[FrontDoor, Pool]]:
    """A city of its own with two months behind it, in which nothing has changed."""
    async with fresh_database(postgres_dsn) as dsn:
        pool = await connect(dsn, size=2, application="tests-drift")
        # these first dispatches have no cases: only their numbers are looked at
        await pool.execute("ALTER TABLE dispatches DROP CONSTRAINT dispatches_case_id_fkey")
        for rule, unit in (("road-damage", "roads"), ("street-lamp", "lighting"), ("litter", "sanitation")):
            await sent(pool, rule, unit, 480, every=40, age=(8, 62))
            await sent(pool, rule, unit, 40, every=40, age=(1, 6))
        async with front_door(dsn, kafka="127.0.0.1:1") as door:
            yield door, pool
        await pool.close()


async def sent(pool: Pool, rule: str, unit: str, number: int, every: int, age: tuple[int, int]) -> None:
    """So many first dispatches, spread over days so many old; every so-manieth came back an hour later."""
    await pool.execute(
        "INSERT INTO dispatches (case_id, rule, unit, category, area, dispatched_at, sent_back_at)"
        " SELECT gen_random_uuid(), $1, $2, 'c', '439900/439901/439901001/', at,"
        " CASE WHEN n % $4 = 0 THEN at + interval '1 hour' END"
        " FROM generate_series(1, $3::integer) AS n,"
        " LATERAL (SELECT now() - make_interval(secs => $5::float8 + n * ($6::float8 - $5) / $3)) AS moment (at)",
        rule, unit, number, every, age[0] * 86400.0, age[1] * 86400.0,
    )  # fmt: skip


async def test_a_rule_gone_bad_raises_the_alarm_in_the_api_the_metrics_and_once_in_the_log(
    drifting: tuple[FrontDoor, Pool], caplog: pytest.LogCaptureFixture
) -> None:
    city, pool = drifting
    assert (await city.get("chief-1", "/v1/dispatch/quality")).json()["drift"] == []
    await sent(pool, "road-damage", "roads", 30, every=2, age=(1, 2))
    answer = (await city.get("chief-1", "/v1/dispatch/quality?by=rule&limit=1")).json()
    (alarm,) = answer["drift"]
    assert (alarm["name"], alarm["week"]["dispatched"], alarm["week"]["sent_back"]) == ("road-damage", 70, 16)
    assert alarm["past"] == {"dispatched": 480, "sent_back": 12, "accuracy": 0.975}
    assert alarm["chance"] < 1e-5
    assert answer["items"][0]["name"] == "road-damage"
    units = (await city.get("chief-1", "/v1/dispatch/quality?by=unit")).json()["drift"]
    assert [(one["name"], one["label"]) for one in units] == [("roads", "云湖市市政设施养护中心")]
    assert (await city.get("chief-1", "/v1/dispatch/quality?by=category")).json()["drift"] == []
    with caplog.at_level(logging.WARNING, "runtime.quality_metrics"):
        for _ in range(2):
            told = (await city.get("", "/metrics")).text
    assert 'cityloop_dispatch_drift{by="rule",name="road-damage"} 1.0' in told
    assert 'cityloop_dispatch_drift{by="rule",name="street-lamp"}' not in told
    assert 'cityloop_first_dispatches{by="rule",name="road-damage"} 70.0' in told
    assert 'cityloop_first_dispatch_accuracy{by="area",name="439901001"}' in told
    lines = [record.getMessage() for record in caplog.records if record.name == "runtime.quality_metrics"]
    assert len(lines) == 2, "one for the rule and one for the unit, not one a scrape"
    assert "first dispatches by rule road-damage drift: 16 of 70 came back this week, 12 of 480" in lines[0]


async def test_metrics_of_a_large_rulebook_have_a_bounded_number_of_labels(drifting: tuple[FrontDoor, Pool]) -> None:
    city, pool = drifting
    for n in range(60):
        await sent(pool, f"rule-{n:02}", "parks", 2, every=2, age=(1, 2))
    told = (await city.get("", "/metrics")).text
    assert told.count('cityloop_first_dispatches{by="rule"') == 50
