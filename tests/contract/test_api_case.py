"""The HTTP door: one case whole, its history, and why it is as it is."""

from domain.case import State
from domain.commands import Verb
from handlers.ports import Office
from tests.contract.api_city import LINHU, in_state
from tests.demo_city import (
    SEWER_COVER,
    a_call,
    case_of,
    dispatched,
    filed,
    on_task,
    perform,
)
from tests.front_door import FrontDoor


async def test_a_case_shows_names_reports_and_its_version(city: FrontDoor, office: Office) -> None:
    (case_id,) = await dispatched(office, a_call(LINHU + 2, SEWER_COVER, text="井盖没了"))
    await filed(office, a_call(LINHU + 2, SEWER_COVER, text="真危险"))
    case = await case_of(office, case_id)
    answer = await city.get("desk-1", f"/v1/cases/{case.no}")
    shown = answer.json()
    assert answer.headers["etag"] == f'"{case.version}"'
    assert (shown["version"], shown["state"], shown["state_name"]) == (case.version, "pending_disposal", "待部门签收")
    assert shown["areas"][0] == {"code": "439900", "name": "云湖市"}
    assert (shown["unit"], shown["unit_name"]) == ("drainage", "云湖市排水管理处")
    assert [report["text"] for report in shown["reports"]] == ["井盖没了", "真危险"]
    assert [report["opened"] for report in shown["reports"]] == [True, False]
    assert [task["part"] for task in shown["tasks"]] == ["lead", "assist", "assist"]


async def test_the_reports_behind_a_case_are_paged_the_first_one_first(city: FrontDoor, office: Office) -> None:
    (case_id,) = await dispatched(office, a_call(LINHU + 6, SEWER_COVER, text="井盖没了"))
    texts = [f"第{n}个人说井盖没了" for n in range(7)]
    for text in texts[:3]:
        await filed(office, a_call(LINHU + 6, SEWER_COVER, text=text))
    await filed(office, *(a_call(LINHU + 6, SEWER_COVER, text=text) for text in texts[3:]))
    case = await case_of(office, case_id)
    assert case.behind == (await city.get("desk-1", f"/v1/cases/{case.no}")).json()["behind"] == 8
    for size in (1, 3, 8, 200):
        found: list[str] = []
        cursor = ""
        while True:
            page = (await city.get("desk-1", f"/v1/cases/{case.no}/reports?limit={size}{cursor}")).json()
            found += [report["text"] for report in page["items"]]
            assert [r["opened"] for r in page["items"]] == [not cursor and n == 0 for n in range(len(page["items"]))]
            if page["next"] is None:
                break
            cursor = f"&cursor={page['next']}"
        assert found[:4] == ["井盖没了", *texts[:3]]
        assert sorted(found[4:]) == texts[3:], "these came at one moment"
    assert (await city.get("unit-gas", f"/v1/cases/{case.no}/reports")).status_code == 404


async def test_the_history_tells_every_step_and_who_took_it(city: FrontDoor, office: Office) -> None:
    case = await in_state(office, State.DISPOSING)
    await perform(office, on_task(case, Verb.SEND_BACK, reason="not-ours", note="属市政"))
    steps = (await city.get("unit-lighting", f"/v1/cases/{case.no}/history")).json()
    assert [(s["version"], s["type"], s["state"]) for s in steps] == [
        (1, "filed", "pending_dispatch"),
        (2, "dispatched", "pending_disposal"),
        (3, "accepted", "disposing"),
        (4, "sent_back", "pending_dispatch"),
    ]
    assert [s["actor"]["role"] for s in steps] == ["system", "system", "unit", "unit"]
    assert (steps[3]["actor"]["id"], steps[3]["reason"], steps[3]["note"]) == ("unit-lighting", "not-ours", "属市政")
    times = [s["at"] for s in steps]
    assert times == sorted(times)


async def test_it_is_explained_why_this_category_place_unit_and_deadline(city: FrontDoor, office: Office) -> None:
    case = await case_of(office, (await dispatched(office, a_call(LINHU + 4, None, text="小区路灯不亮了")))[0])
    told = (await city.get("unit-lighting", f"/v1/cases/{case.no}/explain")).json()
    assert told["what"]["judgement"]["by"] == "keywords"
    assert told["where"]["grid"] == case.place.grid
    assert (told["who"]["lead"], told["who"]["rule"]) == ("lighting", "street-lamp")
    assert told["when"][-1]["origin"].startswith("condition 01037-1")
    text = "\n".join(told["sentences"])
    for word in ("01037", "路灯不亮", "云湖市", "路灯管理所", "street-lamp", "disposal"):
        assert word in text, word
    doubtful = await in_state(office, State.REPORTED)
    told = (await city.get("desk-1", f"/v1/cases/{doubtful.no}/explain")).json()
    assert told["who"] is None
