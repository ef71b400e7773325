"""A rulebook's life at the API: drafted, checked, approved by somebody else, in force from its day, tried, retired."""

import io
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from openpyxl import load_workbook

from dispatch.engine import Engine
from domain.commands import Verb
from domain.errors import Invalid, Refused
from domain.rule_table import RulebookId, RuleRow, StoredRulebook
from handlers.ports import Office
from handlers.rulebooks import Draft, RulebookDesk, approve, draft, retire, simulate
from runtime.dispatch.city_rules import CityRules
from runtime.dispatch.live_rulebook import LiveRules, following
from runtime.dispatch.tables import written
from runtime.wiring import advisers
from store.pool import Pool
from store.unit import Store
from tests.demo_city import LAMP, a_call, case_of, dispatched, done, on_task, pack
from tests.front_door import FrontDoor

TODAY = datetime.now(pack().policy.calendar.zone).date()
LAMPS_TO_ROADS: RuleRow = {"id": "lamps", "category": LAMP, "lead": "roads", "assist": "lighting"}
EVERYTHING: RuleRow = {"id": "rest", "lead": "enforcement"}
TYING: RuleRow = {"id": "too", "category": LAMP, "lead": "power"}
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def a_name() -> str:
    return f"b{uuid4().hex[:12]}"


async def handed_in(city: FrontDoor, *rows: RuleRow, who: str = "dispatcher-1", day: date = TODAY) -> str:
    body = {"name": a_name(), "effective_from": day.isoformat(), "rules": list(rows)}
    answer = await city.post(who, "/v1/rulebooks", body)
    assert answer.status_code == 201, answer.text
    found: str = answer.json()["id"]
    assert answer.headers["location"] == f"/v1/rulebooks/{found}"
    return found


async def acted(city: FrontDoor, who: str, book: str, what: str) -> dict[str, Any]:
    answer = await city.ask(who, "POST", f"/v1/rulebooks/{book}:{what}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def refusal(city: FrontDoor, who: str, book: str, what: str) -> tuple[int, str]:
    answer = await city.ask(who, "POST", f"/v1/rulebooks/{book}:{what}")
    return answer.status_code, answer.json()["code"]


async def in_force(city: FrontDoor, pool: Pool) -> str:
    """The version the process judges by, after a look at the record."""
    rules = city.tools.rulebooks.judging
    assert isinstance(rules, LiveRules)
    await rules.look(pool)
    answer = await city.get("viewer-1", "/v1/rulebooks")
    found: str = answer.json()["in_force"]
    return found


async def lamp_goes_to(city: FrontDoor) -> str:
    answer = await city.post("desk-1", "/v1/dispatch:explain", {"category": LAMP, "area": "439901001"})
    assert answer.status_code == 200, answer.text
    found: str = answer.json()["lead"]
    return found


@pytest.fixture(autouse=True)
async def the_packs_rules(pool: Pool) -> AsyncIterator[None]:
    """Every test begins and ends with the pack's own rulebook."""
    yield
    await pool.execute("UPDATE rulebooks SET state = 'retired', retired_by = 'test', retired_at = now()")


# --- From draft to force


async def test_a_draft_that_somebody_else_approves_is_in_force(city: FrontDoor, pool: Pool) -> None:
    assert await lamp_goes_to(city) == "lighting"
    book = await handed_in(city, LAMPS_TO_ROADS, EVERYTHING)
    assert await in_force(city, pool) == pack().version, "a draft does nothing"
    approved = await acted(city, "chief-1", book, "approve")
    assert (approved["state"], approved["approved_by"]) == ("approved", "chief-1")
    assert await in_force(city, pool) == f"{pack().version}/{approved['version']}"
    assert await lamp_goes_to(city) == "roads"


async def test_nobody_approves_what_they_drafted(city: FrontDoor, pool: Pool) -> None:
    book = await handed_in(city, EVERYTHING, who="chief-1")
    assert await refusal(city, "chief-1", book, "approve") == (403, "four-eyes")
    assert await refusal(city, "dispatcher-1", book, "approve") == (403, "role-not-allowed")
    with pytest.raises(asyncpg.CheckViolationError):  # the database would not either
        await pool.execute(
            "UPDATE rulebooks SET state = 'approved', approved_by = author, approved_at = now() WHERE id = $1", book
        )
    assert (await acted(city, "admin-1", book, "approve"))["state"] == "approved"
    assert await refusal(city, "admin-1", book, "approve") == (409, "rulebook-not-draft")


async def test_a_draft_with_faults_is_kept_and_told_but_not_approved(city: FrontDoor, pool: Pool) -> None:
    book = await handed_in(city, LAMPS_TO_ROADS, {"id": "new", "lead": "nobody"}, {"id": "empty", "category": LAMP})
    found = await acted(city, "dispatcher-1", book, "check")
    assert not found["usable"]
    assert [(one["at"], one["code"], one["grave"]) for one in found["remarks"]] == [
        ("rules.csv:3", "unit-unknown", True),
        ("rules.csv:4", "cell-empty", True),
    ]
    assert all(one["remedy"] for one in found["remarks"])
    answer = await city.ask("chief-1", "POST", f"/v1/rulebooks/{book}:approve")
    assert (answer.status_code, answer.json()["code"]) == (422, "rulebook-invalid")
    assert answer.json()["errors"][0]["pointer"] == "rules.csv:3"
    assert await in_force(city, pool) == pack().version


async def test_two_rules_that_tie_are_told_before_they_can_do_harm(city: FrontDoor) -> None:
    book = await handed_in(city, LAMPS_TO_ROADS, TYING)
    found = await acted(city, "chief-1", book, "check")
    assert [(one["at"], one["code"]) for one in found["remarks"]] == [("rules.csv:3", "rule-tie")]


async def test_gaps_are_told_and_keep_nothing_back(city: FrontDoor) -> None:
    book = await handed_in(city, LAMPS_TO_ROADS)
    found = await acted(city, "chief-1", book, "check")
    assert found["usable"]
    (gap,) = found["remarks"]
    assert (gap["code"], gap["title"], gap["grave"]) == ("cell-uncovered", "无规则覆盖", False)
    assert (await acted(city, "chief-1", book, "approve"))["state"] == "approved"


async def test_what_begins_later_does_nothing_before_its_day(city: FrontDoor, pool: Pool) -> None:
    later = await handed_in(city, EVERYTHING, day=TODAY + timedelta(days=2))
    approved = await acted(city, "chief-1", later, "approve")
    assert approved["effective_from"] == (TODAY + timedelta(days=2)).isoformat()
    assert await in_force(city, pool) == pack().version
    # the day comes
    await pool.execute("UPDATE rulebooks SET effective_from = $2 WHERE id = $1", later, TODAY)
    assert await in_force(city, pool) == f"{pack().version}/{approved['version']}"


async def test_nothing_is_in_force_in_the_past(city: FrontDoor) -> None:
    book = await handed_in(city, EVERYTHING, day=TODAY - timedelta(days=90))
    assert (await acted(city, "chief-1", book, "approve"))["effective_from"] == TODAY.isoformat()


async def test_the_later_one_is_in_force_and_the_one_before_comes_back(city: FrontDoor, pool: Pool) -> None:
    books = [await handed_in(city, {**EVERYTHING, "lead": lead}) for lead in ("roads", "power")]
    versions = [(await acted(city, "chief-1", book, "approve"))["version"] for book in books]
    assert (await in_force(city, pool)).endswith(versions[1])
    retired = await acted(city, "chief-1", books[1], "retire")
    assert (retired["state"], retired["retired_by"]) == ("retired", "chief-1")
    assert (await in_force(city, pool)).endswith(versions[0])
    await acted(city, "chief-1", books[0], "retire")
    assert await in_force(city, pool) == pack().version
    assert await refusal(city, "chief-1", books[0], "retire") == (409, "rulebook-retired")


# --- As a table


async def test_a_table_goes_out_and_comes_in_as_it_was(city: FrontDoor) -> None:
    for form, media in (("xlsx", XLSX), ("csv", "text/csv")):
        table = await city.get("dispatcher-1", f"/v1/dispatch/rules?form={form}")
        assert table.status_code == 200
        headers = {"Content-Type": media}
        path = f"/v1/rulebooks?name={a_name()}&effective_from={TODAY}"
        answer = await city.ask("dispatcher-1", "POST", path, content=table.content, headers=headers)
        assert answer.status_code == 201, answer.text
        assert answer.json()["rules"] == len(pack().rulebook.rules)
        book = answer.json()["id"]
        again = await city.get("viewer-1", f"/v1/rulebooks/{book}/table?form={form}")
        if form == "csv":
            assert again.content == table.content
        found = await acted(city, "dispatcher-1", book, "check")
        assert [one["code"] for one in found["remarks"]] == ["cell-uncovered"]


async def test_the_workbook_explains_its_codes_on_a_second_sheet(city: FrontDoor) -> None:
    table = await city.get("viewer-1", "/v1/dispatch/rules?form=xlsx")
    book = load_workbook(io.BytesIO(table.content))
    assert book.sheetnames == ["派单目录", "代码对照"]
    assert [cell.value for cell in book["派单目录"][1]][:2] == ["规则编号", "类别代码"]
    meant = {(code, name) for _, code, name in book["代码对照"].iter_rows(values_only=True)}
    assert {("drainage", "云湖市排水管理处"), ("01002", "污水井盖异常"), ("439901001", "望湖街道")} <= meant


async def test_chinese_names_of_columns_are_understood_and_strange_ones_refused(city: FrontDoor) -> None:
    await handed_in(city, {"规则编号": "r", "主办单位": "roads", "类别代码": LAMP})
    body = {
        "name": a_name(),
        "effective_from": TODAY.isoformat(),
        "rules": [{"id": "r", "lead": "roads", "颜色": "红"}],
    }
    answer = await city.post("dispatcher-1", "/v1/rulebooks", body)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "column-unknown")


@pytest.mark.parametrize(
    ("query", "media", "content", "status", "code"),
    [
        ("", "text/csv", b"id,lead\nr,roads\n", 422, "field-missing"),
        ("name=x", "text/csv", b"id,lead\nr,roads\n", 422, "field-missing"),
        ("name=x&effective_from=2026-12-01", "text/csv", b"", 422, "file-empty"),
        ("name=x&effective_from=2026-12-01", "text/csv", b"id,lead\n", 422, "rulebook-empty"),
        ("name=x&effective_from=2026-12-01", "text/plain", b"id,lead\nr,roads\n", 415, "media-type-unsupported"),
        ("name=x&effective_from=2026-12-01", "text/csv", b"id,colour\nr,red\n", 422, "rulebook-invalid"),
        ("name=x&effective_from=soon", "text/csv", b"id,lead\nr,roads\n", 422, "type-mismatch"),
        ("name=x!&effective_from=2026-12-01", "text/csv", b"id,lead\nr,roads\n", 422, "type-mismatch"),
    ],
)
async def test_what_is_no_table_of_rules_is_refused(
    city: FrontDoor, query: str, media: str, content: bytes, status: int, code: str
) -> None:
    answer = await city.ask(
        "dispatcher-1", "POST", f"/v1/rulebooks?{query}", content=content, headers={"Content-Type": media}
    )
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text


async def test_the_same_draft_twice_is_one(city: FrontDoor) -> None:
    body = {"name": a_name(), "effective_from": TODAY.isoformat(), "rules": [EVERYTHING]}
    assert (await city.post("dispatcher-1", "/v1/rulebooks", body)).status_code == 201
    again = await city.post("dispatcher-1", "/v1/rulebooks", body)
    assert (again.status_code, again.json()["code"]) == (409, "rulebook-known")


async def test_all_are_listed_page_by_page_the_newest_first(city: FrontDoor) -> None:
    books = [await handed_in(city, {**EVERYTHING, "note": str(n)}) for n in range(3)]
    found: list[str] = []
    cursor = ""
    while cursor is not None:
        answer = await city.get("viewer-1", f"/v1/rulebooks?limit=2{cursor and f'&cursor={cursor}'}")
        found += [each["id"] for each in answer.json()["items"]]
        cursor = answer.json()["next"]
    assert found[:3] == books[::-1]
    assert len(found) == len(set(found))
    one = await city.get("viewer-1", f"/v1/rulebooks/{books[0]}")
    assert (one.json()["id"], one.json()["author"]) == (books[0], "dispatcher-1")
    for path in ("", "/table"):
        assert (await city.get("viewer-1", f"/v1/rulebooks/{uuid4()}{path}")).status_code == 404
    assert await refusal(city, "chief-1", str(uuid4()), "approve") == (404, "not-found")


# --- While cases flow


@asynccontextmanager
async def a_worker(pool: Pool) -> AsyncIterator[tuple[Office, LiveRules]]:
    """An office whose rulebook follows what is in force, as a worker's does, many times a second."""
    rules = LiveRules(pack())
    async with following(rules, pool, every=0.02):
        yield Office(Store(pool), advisers(pack(), who=rules)), rules


def desk_of(office: Office, rules: LiveRules) -> RulebookDesk:
    return RulebookDesk(office, CityRules(pack()), rules)


async def approved(desk: RulebookDesk, *rows: RuleRow) -> StoredRulebook:
    book = await draft(desk, Draft("dispatcher-1", a_name(), rows, TODAY))
    return await approve(desk, book.id, "chief-1")


async def test_a_worker_takes_up_what_is_approved_while_cases_flow(pool: Pool) -> None:
    async with a_worker(pool) as (office, rules):
        desk = desk_of(office, rules)
        cases = [await case_of(office, (await dispatched(office, a_call(0)))[0])]
        book = await approved(desk, LAMPS_TO_ROADS, EVERYTHING)
        for n in range(1, 400):
            (case,) = await dispatched(office, a_call(n))
            cases.append(await case_of(office, case))
            if cases[-1].verdict is not None and cases[-1].verdict.rulebook.endswith(book.version):
                break
        lead = {pack().version: "lighting", f"{pack().version}/{book.version}": "roads"}
        verdicts = [case.verdict for case in cases if case.verdict is not None]
        assert len(verdicts) == len(cases), "nobody waited"
        assert {verdict.rulebook for verdict in verdicts} == set(lead)
        assert all(verdict.lead == lead[verdict.rulebook] for verdict in verdicts)


async def test_one_that_does_not_compile_with_the_pack_never_takes_effect(
    pool: Pool, caplog: pytest.LogCaptureFixture
) -> None:
    async with a_worker(pool) as (office, rules):
        good = await approved(desk_of(office, rules), LAMPS_TO_ROADS)
        await rules.look(pool)
        await pool.execute(  # as after a new pack in which a unit is gone
            "INSERT INTO rulebooks SELECT $1, 'bad', 'bad+1', 'approved', $2, 1, '', 'a', now(), $3, 'b', now()",
            uuid4(),
            b'[{"id": "r", "lead": "gone"}]',
            TODAY + timedelta(days=0),
        )
        with caplog.at_level(logging.ERROR):
            await rules.look(pool)
        assert rules.engine.rulebook.version.endswith(good.version)
        assert "bad+1" in caplog.text


async def test_who_starts_later_begins_with_what_is_in_force(pool: Pool) -> None:
    async with a_worker(pool) as (office, rules):
        book = await approved(desk_of(office, rules), EVERYTHING)
    async with a_worker(pool) as (_, rules):
        assert rules.engine.rulebook.version.endswith(book.version)
        assert rules.rows == (EVERYTHING,)


# --- Tried on what has happened


async def test_a_trial_tells_what_changes_and_writes_nothing(pool: Pool) -> None:
    await pool.execute("TRUNCATE cases, tasks, alarms, case_reports CASCADE")
    async with a_worker(pool) as (office, rules):
        desk = desk_of(office, rules)
        (lamp, kept) = await dispatched(office, a_call(1), a_call(2))
        (other,) = await dispatched(office, a_call(3, category="06010", text="垃圾成堆"))
        await done(office, on_task(await case_of(office, lamp), Verb.SEND_BACK, "lighting", reason="not_ours"))
        await dispatched(office)
        before = {case: await case_of(office, case) for case in (lamp, kept, other)}
        counts = await pool.fetchrow("SELECT (SELECT count(*) FROM events), (SELECT count(*) FROM tasks)")

        engine = CityRules(pack()).engine("trial", (LAMPS_TO_ROADS,))
        found = await simulate(desk, engine, datetime.now(UTC) - timedelta(days=1), 1000)

        assert found.cases == 3
        assert found.moves[("lighting", "roads", "street-lamp", "lamps")] == 2
        assert found.moves[("sanitation", "", "litter", "")] == 1, "the trial has no rule for it: the duty desk"
        assert found.load["after"] == {"roads": 2, "": 1}
        assert found.send_backs == 1
        assert {case: await case_of(office, case) for case in before} == before
        assert counts == await pool.fetchrow("SELECT (SELECT count(*) FROM events), (SELECT count(*) FROM tasks)")
        same = await simulate(desk, Engine(pack().rulebook), datetime.now(UTC) - timedelta(days=1), 1000)
        assert (same.cases, same.changed) == (3, 0)
        assert (await simulate(desk, engine, datetime.now(UTC) - timedelta(days=1), 2)).cases == 2
        with pytest.raises(Invalid):
            await simulate(desk, engine, datetime.now(UTC) + timedelta(days=1), 2)


async def test_the_api_tries_a_draft(city: FrontDoor, office: Office) -> None:
    await dispatched(office, a_call(9))
    book = await handed_in(city, LAMPS_TO_ROADS, EVERYTHING)
    found = await acted(city, "dispatcher-1", book, "simulate?days=1&cases=100")
    assert found["cases"] >= 1
    assert {"unit": "roads", "leads_before": 0} in [
        {"unit": one["unit"], "leads_before": one["leads_before"]} for one in found["load"]
    ]
    assert {"lighting"} <= {move["before"] for move in found["moves"]}
    faulty = await handed_in(city, LAMPS_TO_ROADS, TYING)
    assert await refusal(city, "dispatcher-1", faulty, "simulate") == (422, "rulebook-invalid")


async def test_explain_names_the_runners_up_and_what_would_have_changed_it(city: FrontDoor, office: Office) -> None:
    (case,) = await dispatched(office, a_call(4, category="01002", text="污水井盖"))
    found = await city.get("desk-1", f"/v1/cases/{(await case_of(office, case)).no}/explain")
    body = found.json()
    assert body["who"]["rule"].startswith("sewer-cover")
    assert body["who"]["passed_over"]
    assert any(sentence.startswith("未采用：") for sentence in body["sentences"])
    assert "排水管理处" in body["citizen"]
    what_if = await city.post("desk-1", "/v1/dispatch:explain", {"category": "01002", "area": "439901001"})
    assert (what_if.json()["lead"], what_if.json()["rule"]) == ("drainage", "sewer-cover")
    assert what_if.json()["changes"] == ["condition 01002-1: sewer-cover-open, drainage"]
    assert what_if.json()["choice"] == []
    for body, code in (({"category": "99999"}, "category-unknown"), ({"area": "1"}, "area-unknown")):
        answer = await city.post("desk-1", "/v1/dispatch:explain", body)
        assert (answer.status_code, answer.json()["code"]) == (422, code)


async def test_explain_names_the_units_a_rule_leaves_a_choice_between(city: FrontDoor, pool: Pool) -> None:
    book = await handed_in(city, {"id": "lamps", "category": LAMP, "lead": "power|roads"}, EVERYTHING)
    await acted(city, "chief-1", book, "approve")
    await in_force(city, pool)
    what_if = (await city.post("desk-1", "/v1/dispatch:explain", {"category": LAMP, "area": "439901001"})).json()
    assert (what_if["lead"], what_if["choice"]) == ("power", ["power", "roads"])


async def test_retiring_what_is_not_there(pool: Pool, office: Office) -> None:
    desk = desk_of(office, LiveRules(pack()))
    with pytest.raises(Refused) as caught:
        await retire(desk, RulebookId(uuid4()), "chief-1")
    assert caught.value.code == "not-found"


def test_a_table_is_the_same_whoever_writes_it(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_bytes(written(pack().rule_rows, "csv"))
    assert CityRules(pack()).read(file) == pack().rule_rows
