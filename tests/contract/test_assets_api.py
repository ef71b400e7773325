"""The HTTP door: what a label in the street leads to."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import UUID

import pytest

from api.asset_schemas import AssetOut
from api.schemas import ReportIn
from domain.case import Case
from domain.ids import CaseId, ReportId
from handlers.assign import assign_many
from handlers.file import file_many
from handlers.outcomes import Done
from handlers.ports import Office
from store.asset_load import loading
from tests.assets import a_code, a_component, brought
from tests.contract.api_city import LINHU, SHANQIAN, a_key
from tests.demo_city import case_of, grid, spot, to_the_end
from tests.front_door import FrontDoor, keys_of

HERE = LINHU + 8
OLD = "4399010102000070"


@pytest.fixture(scope="module", autouse=True)
async def register(fresh_dsn: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Covers 0 to 5 in grids of 临湖区, 10 in 山前区, one with an old identifier, and one of a class nobody knows."""
    rows = [{**a_component(n, n=HERE + n), "材质": "铸铁"} for n in range(6)]
    rows += [{**a_component(10, n=SHANQIAN), "材质": ""}]
    rows += [{**a_component(70, n=HERE, GLBJBSM=OLD), "材质": ""}]
    rows += [{**a_component(30, n=HERE + 6, GLBJBSM=a_code(30, "01999")), "材质": ""}]
    async with loading(fresh_dsn) as one:
        await brought(one, Path(tmp_path_factory.mktemp("register")) / "t.csv", *rows)


async def read(city: FrontDoor, code: str, who: str = "viewer-1") -> dict[str, Any]:
    answer = await city.get(who, f"/v1/assets/{code}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def items(city: FrontDoor, query: str, who: str = "inspector-1") -> list[dict[str, Any]]:
    answer = await city.get(who, f"/v1/assets?{query}")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def refused(city: FrontDoor, query: str) -> tuple[int, str]:
    answer = await city.get("inspector-1", f"/v1/assets{query}")
    return answer.status_code, answer.json()["code"]


async def reported_on(city: FrontDoor, office: Office, who: str, body: dict[str, Any]) -> Case:
    """A report let in by the front door and filed; its case."""
    answer = await city.post(who, "/v1/reports", body, Idempotency_Key=a_key())
    assert answer.status_code == 202, answer.text
    (outcome,) = await file_many(office, [ReportId(UUID(answer.json()["report_id"]))])
    assert isinstance(outcome, Done)
    return await case_of(office, CaseId(outcome.subject))


async def report_on(city: FrontDoor, office: Office, who: str, body: dict[str, Any]) -> str:
    """The number of its case."""
    return (await reported_on(city, office, who, body)).no


async def test_a_component_says_where_it_is_whose_it_is_and_what_may_be_wrong(city: FrontDoor) -> None:
    found = await read(city, a_code(1))
    assert keys_of(found) >= {f"/{name}" for name in AssetOut.model_fields}
    AssetOut.model_validate(found)
    assert set(found) == set(AssetOut.model_fields)
    assert (found["state_name"], found["authority"]["name"]) == ("完好", "云湖市住房和城乡建设局")
    assert (found["owner"]["name"], found["maintainer"]["name"]) == ("云湖市排水有限公司", "云湖市市政设施养护中心")
    assert [area["code"] for area in found["areas"]][-1] == found["grid"] == grid(HERE + 1)
    assert found["areas"][1]["name"] == "临湖区"
    at = spot(HERE + 1)
    assert found["point"] == {"lon": at.lon, "lat": at.lat, "crs": "EPSG:4326"}
    (candidate,) = found["categories"]
    assert (candidate["code"], candidate["name"]) == ("01002", "污水井盖异常")
    assert [condition["id"] for condition in candidate["conditions"]][:2] == ["01002-1", "01002-2"]
    assert candidate["conditions"][0]["limit"] == "2 urgent_work_hour"
    assert found["more"] == {"材质": "铸铁"}
    assert (found["cases"], found["distance_m"]) == ([], None)


async def test_the_suggested_report_is_one(city: FrontDoor, office: Office) -> None:
    found = await read(city, a_code(2))
    assert ReportIn.model_validate_json(json.dumps(found["report"]))
    no = await report_on(city, office, "inspector-1", found["report"])
    case = (await city.get("inspector-1", f"/v1/cases/{no}")).json()
    assert (case["category"]["code"], case["grid"]) == ("01002", grid(HERE + 2))


async def test_an_identifier_from_before_2026_leads_to_todays_category(city: FrontDoor) -> None:
    found = await read(city, OLD)
    assert found["categories"][0]["code"] == found["report"]["category"] == "01002"


async def test_a_class_nobody_knows_has_no_candidates(city: FrontDoor) -> None:
    found = await read(city, a_code(30, "01999"))
    assert (found["categories"], "category" in found["report"]) == ([], False)


@pytest.mark.parametrize(
    "said",
    [
        a_code(1),
        a_code(1).lower(),
        f" {a_code(1)} ",
        f"https://csm.example.gov.cn/c/{a_code(1)}",
        f"https://csm.example.gov.cn/qr?a=1&code={a_code(1)}",
    ],
)
async def test_a_scan_leads_to_its_component(city: FrontDoor, said: str) -> None:
    (found,) = await items(city, f"qr={quote(said, safe='')}", "hotline-12345")
    assert found == await read(city, a_code(1), "hotline-12345")


async def test_what_is_near_comes_nearest_first_with_its_distance(city: FrontDoor) -> None:
    at = spot(HERE)
    found = await items(city, f"near={at.lon},{at.lat}&crs=EPSG:4490&radius_m=500")
    assert {found[0]["code"], found[1]["code"]} == {a_code(0), OLD}
    metres = [one["distance_m"] for one in found]
    assert metres == sorted(metres)
    assert metres[0] == 0.0
    assert len(await items(city, f"near={at.lon},{at.lat}&crs=EPSG:4490&limit=1")) == 1
    far = spot(HERE, north=30)
    assert await items(city, f"near={far.lon},{far.lat}&crs=EPSG:4490&radius_m=29") == []
    assert await items(city, f"near={at.lon},{at.lat}&crs=GCJ02&radius_m=50") == [], "half a kilometre away"


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        (f"/{a_code(99)}", 404, "not-found"),
        ("/hello", 422, "component-code-invalid"),
        (f"/{a_code(1)}0", 422, "component-code-invalid"),
        (f"?qr={a_code(99)}", 404, "not-found"),
        ("?qr=hello", 422, "component-code-invalid"),
        ("?qr=", 422, "text-empty"),
        ("?qr=https://a.example/b", 422, "qr-no-code"),
        (f"?qr=https://a.example/{a_code(1)}?x={a_code(2)}", 422, "qr-ambiguous"),
        ("?qr=%00", 422, "text-control-char"),
        ("?qr=%ED%A0%80", 422, "component-code-invalid"),
        ("", 422, "question-unclear"),
        (f"?qr={a_code(1)}&near=113.9,27.9&crs=EPSG:4326", 422, "question-unclear"),
        ("?near=113.9,27.9", 422, "crs-missing"),
        ("?near=113.9;27.9&crs=EPSG:4326", 422, "near-malformed"),
        ("?near=nan,27.9&crs=EPSG:4326", 422, "near-malformed"),
        ("?near=27.9,113.9&crs=EPSG:4326", 422, "coordinate-swapped"),
        ("?near=0,0&crs=EPSG:4326", 422, "coordinate-placeholder"),
        ("?near=113.9,27.9&crs=mars", 422, "crs-unsupported"),
        ("?near=113.9,27.9&crs=EPSG:4326&radius_m=501", 422, "number-out-of-range"),
        ("?near=113.9,27.9&crs=EPSG:4326&radius_m=nan", 422, "type-mismatch"),
        ("?near=113.9,27.9&crs=EPSG:4326&limit=0", 422, "limit-out-of-range"),
        ("?near=113.9,27.9&crs=EPSG:4326&limit=1.5", 422, "type-mismatch"),
        ("?near=113.9,27.9&crs=EPSG:4326&radius=9", 422, "parameter-unknown"),
        (f"?qr={a_code(1)}&qr={a_code(2)}", 422, "parameter-repeated"),
    ],
)
async def test_a_question_that_is_not_clear_is_not_answered(
    city: FrontDoor, query: str, status: int, code: str
) -> None:
    assert await refused(city, query) == (status, code)


async def test_open_cases_are_told_as_far_as_the_caller_may_see_them(city: FrontDoor, office: Office) -> None:
    body = {"asset": a_code(10), "text": "井盖开裂"}
    no = await report_on(city, office, "hotline-12345", body)
    (case,) = (await read(city, a_code(10)))["cases"]
    assert (case["no"], case["href"], case["category"]) == (no, f"/v1/cases/{no}", "gbt47678.5-2026:event:01002")
    assert case["state_name"]
    assert [one["no"] for one in (await read(city, a_code(10), "inspector-3"))["cases"]] == [no]
    assert (await read(city, a_code(10), "inspector-1"))["cases"] == [], "not in whose area it lies"
    assert (await read(city, a_code(10), "unit-lighting"))["cases"] == [], "whose task it is not"
    assert [one["no"] for one in (await read(city, a_code(10), "hotline-12345"))["cases"]] == [no]
    assert (await read(city, a_code(1)))["cases"] == []


async def test_an_ended_case_is_open_no_more_and_two_callers_make_one(city: FrontDoor, office: Office) -> None:
    body = {"asset": a_code(3), "text": "井盖开裂"}
    case = await reported_on(city, office, "hotline-12345", body)
    assert (await reported_on(city, office, "inspector-1", body)).id == case.id
    assert [one["no"] for one in (await read(city, a_code(3)))["cases"]] == [case.no]
    await assign_many(office, [case.id])
    await to_the_end(office, case.id)
    assert (await read(city, a_code(3)))["cases"] == []


async def test_a_report_keeps_the_component_it_named_however_it_was_scanned(city: FrontDoor) -> None:
    label = f"https://csm.example.gov.cn/c/{a_code(4).lower()}"
    answer = await city.post("hotline-12345", "/v1/reports", {"asset": label}, Idempotency_Key=a_key())
    assert answer.status_code == 202, answer.text
    kept = (await city.get("hotline-12345", answer.json()["links"]["self"])).json()
    assert kept["asset"] == a_code(4)
    none = await city.post("hotline-12345", "/v1/reports", {"text": "路灯不亮"}, Idempotency_Key=a_key())
    assert (await city.get("hotline-12345", none.json()["links"]["self"])).json()["asset"] is None


@pytest.mark.parametrize(
    ("asset", "code"),
    [("", "text-empty"), ("x", "component-code-invalid"), (7, "type-mismatch"), ("https://a.example/", "qr-no-code")],
)
async def test_a_component_that_is_none_is_refused_at_the_door(city: FrontDoor, asset: Any, code: str) -> None:
    answer = await city.post("hotline-12345", "/v1/reports", {"asset": asset, "text": "坏了"}, Idempotency_Key=a_key())
    assert (answer.status_code, answer.json()["errors"][0]) == (422, answer.json()["errors"][0])
    assert (answer.json()["errors"][0]["pointer"], answer.json()["errors"][0]["code"]) == ("/asset", code)
