"""Dispatch over HTTP: by hand, recalled, reinforced, by plan, sent back until it is decided jointly, up and down."""

from collections.abc import AsyncIterator

import pytest

from domain.petition import Matter
from domain.policy import SendBack
from handlers.assign import assign_many
from handlers.outcomes import AlreadyDone
from tests.contract.api_city import Road, another_city, at_work, opened, sent_out
from tests.demo_city import NO_RULE, pack
from tests.front_door import FrontDoor


@pytest.fixture(scope="module")
async def consenting(postgres_dsn: str) -> AsyncIterator[FrontDoor]:
    """A city where a unit asks before it may send a case back, and twice is once too often."""
    consents = {**pack().policy.consents, Matter.SEND_BACK: 1}
    async with another_city(postgres_dsn, consents=consents, send_back=SendBack(most=2)) as door:
        yield door


def units(road: Road, *states: str) -> list[tuple[str, str, bool]]:
    """Unit, part and whether it is required, of the tasks in some states."""
    return [(t["unit"], t["part"], t["required"]) for t in road.now["tasks"] if t["state"] in states]


async def test_the_lead_finishes_when_the_required_assistants_have_reported(city: FrontDoor) -> None:
    road = await opened(city, category=NO_RULE)
    await assign_many(city.office, [road.id])
    assert ((await road.look())["state"], await road.told()) == ("pending_dispatch", ["filed", "deferred"])
    shown = await road.does("dispatcher-1", "dispatch", unit="gas", assist=["fire", "traffic-police"],
                            optional=["traffic-police"], reason="近加油站")  # fmt: skip
    assert shown["state"] == "pending_disposal"
    assert units(road, "offered") == [
        ("gas", "lead", True),
        ("fire", "assist", True),
        ("traffic-police", "assist", False),
    ]
    assert {d["clock"] for d in shown["deadlines"] if d["state"] == "running"} == {"disposal", "assist"}
    await road.does("unit-gas", "accept")
    await road.does("unit-fire", "accept")
    assert await road.refused("unit-gas", "finish", note="堵漏") == (409, "guard-not-met")
    assert "finish" not in await road.offered("unit-gas")
    await road.does("unit-fire", "finish", note="已稀释")
    assert "finish" in await road.offered("unit-gas")
    assert (await road.does("unit-gas", "finish", note="堵漏"))["state"] == "pending_check"
    assert units(road, "cancelled") == [("traffic-police", "assist", False)]


async def test_an_assistant_may_say_no_and_the_lead_goes_on(city: FrontDoor) -> None:
    road = await opened(city)
    await road.does("dispatcher-1", "dispatch", unit="lighting", assist=["power"])
    shown = await road.does("unit-power", "send-back", reason="not-ours")
    assert (shown["state"], shown["send_backs"]) == ("pending_disposal", 0)
    await road.does("unit-lighting", "accept")
    assert (await road.does("unit-lighting", "finish", note="好"))["state"] == "pending_check"


async def test_a_case_taken_back_by_hand_is_not_sent_there_again_by_rule(city: FrontDoor) -> None:
    road = await at_work(city)
    assert await road.refused("dispatcher-1", "recall") == (422, "reason-required")
    assert await road.refused("unit-lighting", "recall", reason="x") == (403, "actor-not-allowed")
    shown = await road.does("dispatcher-1", "recall", reason="private-lamp")
    assert (shown["state"], shown["unit"], units(road, "cancelled")) == (
        "pending_dispatch", None, [("lighting", "lead", True)],
    )  # fmt: skip
    assert road.deadline("disposal")["state"] == "stopped"
    (outcome,) = await assign_many(city.office, [road.id])
    assert isinstance(outcome, AlreadyDone)
    assert await road.refused("dispatcher-1", "dispatch", assist=["power"]) == (422, "unit-required")
    assert (await road.does("dispatcher-1", "dispatch", unit="housing"))["unit"] == "housing"
    # who had it still sees it, and has no say any more
    assert await road.refused("unit-lighting", "accept") == (409, "guard-not-met")


async def test_help_is_sent_after(city: FrontDoor) -> None:
    road = await at_work(city)
    assert await road.refused("dispatcher-1", "reinforce") == (422, "unit-required")
    assert await road.refused("dispatcher-1", "reinforce", assist=["lighting"]) == (409, "unit-repeated")
    assert await road.refused("desk-1", "reinforce", assist=["power"]) == (403, "actor-not-allowed")
    shown = await road.does("chief-1", "reinforce", assist=["power", "traffic-police"], optional=["traffic-police"])
    assert (shown["state"], len(shown["tasks"])) == ("disposing", 3)
    assert await road.refused("unit-lighting", "finish") == (409, "guard-not-met")


@pytest.mark.parametrize("stage", ["waiting", "at work"])
async def test_a_plan_calls_many_units_with_minutes(city: FrontDoor, stage: str) -> None:
    road = await (opened(city) if stage == "waiting" else at_work(city))
    assert await road.refused("dispatcher-1", "activate") == (422, "plan-required")
    assert await road.refused("dispatcher-1", "activate", plan="no-such-plan") == (422, "plan-required")
    assert await road.refused("desk-1", "activate", plan="waterlogging") == (403, "actor-not-allowed")
    shown = await road.does("supervisor-1", "activate", plan="waterlogging")
    assert (shown["plan"]["plan"], shown["plan"]["name"]) == ("waterlogging", "内涝积水")
    lead = "drainage" if stage == "waiting" else "lighting"
    assert shown["unit"] == lead
    called = {task["unit"]: task for task in shown["tasks"]}
    assert {"drainage", "water-affairs", "traffic-police", "command-linhu", "sanitation"} <= set(called)
    assert called["traffic-police"]["limit"]["value"] == 20
    due = {d["task"]: d for d in shown["deadlines"] if d["clock"] == "assist"}
    police = due[called["traffic-police"]["id"]]
    assert (police["origin"], police["limit"]["value"]) == ("plan waterlogging", 20)
    assert not called["sanitation"]["required"]
    (lead_due,) = [d for d in shown["deadlines"] if d["clock"] == "disposal"]
    assert lead_due["origin"] == ("plan waterlogging" if stage == "waiting" else "condition 01037-1")
    assert await road.refused("unit-lighting" if stage == "at work" else "unit-drainage", "activate", plan="x") == (
        422, "plan-required",
    )  # fmt: skip


async def test_after_too_many_refusals_the_joint_desk_decides_and_its_word_binds(city: FrontDoor) -> None:
    road = await opened(city)
    asked = ["lighting", "roads", "power"]
    for number, unit in enumerate(asked, 1):
        await road.does("dispatcher-1", "dispatch", unit=unit)
        if number == 2:
            await road.does(f"unit-{unit}", "accept")
        assert await road.refused(f"unit-{unit}", "send-back") == (422, "reason-required")
        await road.does(f"unit-{unit}", "send-back", reason="not-ours", note=f"第{number}次")
    assert (road.now["state"], road.now["send_backs"]) == ("joint_decision", 3)
    steps = (await city.get("dispatcher-1", f"/v1/cases/{road.no}/history")).json()
    refusals = [(s["actor"]["unit"], s["reason"], s["note"]) for s in steps if s["type"] == "sent_back"]
    assert refusals == [(unit, "not-ours", f"第{n}次") for n, unit in enumerate(asked, 1)]
    (outcome,) = await assign_many(city.office, [road.id])
    assert isinstance(outcome, AlreadyDone), "no rule decides what people quarrel about"
    await road.does("dispatcher-1", "dispatch", unit="housing", reason="协商定责")
    assert await road.refused("unit-housing", "send-back", reason="not-ours") == (409, "joint-decision-binds")
    assert "send-back" not in await road.offered("unit-housing")
    await road.does("unit-housing", "accept")


async def test_sending_back_asks_first_where_the_city_says_so(consenting: FrontDoor) -> None:
    road = await at_work(consenting)
    shown = await road.does("unit-lighting", "send-back", reason="not-ours")
    assert (shown["state"], shown["send_backs"], shown["petitions"][0]["matter"]) == ("disposing", 0, "send_back")
    assert shown["petitions"][0]["task"] == shown["tasks"][0]["id"]
    listed = (await consenting.get("dispatcher-1", "/v1/cases?petitioned=true")).json()["items"]
    assert [case["no"] for case in listed] == [road.no]
    assert await road.refused("unit-lighting", "send-back", reason="not-ours") == (409, "petition-open")
    assert await road.refused("dispatcher-1", "deny", petition=road.asked()) == (422, "reason-required")
    assert await road.refused("supervisor-1", "grant", petition=road.asked()) == (403, "actor-not-allowed")
    await road.does("dispatcher-1", "deny", petition=road.asked(), reason="it-is-yours", note="见职责清单第3条")
    answered = road.now["petitions"][0]
    assert (answered["state"], answered["answered_by"]["id"], answered["answer"]) == (
        "denied", "dispatcher-1", "见职责清单第3条",
    )  # fmt: skip
    for _ in range(2):
        await road.does("unit-lighting", "send-back", reason="really-not-ours")
        await road.does("chief-1", "grant", petition=road.asked())
        if road.now["state"] == "pending_dispatch":
            await road.does("dispatcher-1", "dispatch", unit="lighting")
    assert (road.now["state"], road.now["send_backs"]) == ("joint_decision", 2)
    assert (await consenting.get("dispatcher-1", "/v1/cases?petitioned=true")).json()["items"] == []
    assert [task["reason"] for task in road.now["tasks"] if task["state"] == "sent_back"] == ["really-not-ours"] * 2


async def test_a_case_climbs_and_comes_down_with_its_history(city: FrontDoor) -> None:
    road = await sent_out(city)
    assert road.now["level"] == "district"
    assert await road.refused("unit-lighting", "raise", reason="too-big") == (422, "level-required")
    assert await road.refused("unit-lighting", "raise", reason="too-big", level="street") == (422, "level-required")
    shown = await road.does("unit-lighting", "raise", reason="too-big", level="city")
    assert (shown["level"], shown["state"]) == ("city", "pending_dispatch")
    assert (await road.last())["level"] == "city"
    assert await road.refused("dispatcher-1", "raise", reason="x", level="city") == (422, "level-required")
    shown = await road.does("dispatcher-1", "lower", reason="local", level="street")
    assert shown["level"] == "street"
    await road.does("dispatcher-1", "dispatch", unit="street-wanghu")
    assert await road.refused("unit-street-wanghu", "lower", reason="x", level="community") == (
        403,
        "actor-not-allowed",
    )
    assert (await road.does("supervisor-1", "lower", reason="local", level="community"))["state"] == "pending_dispatch"
    assert [step for step in await road.told() if step in ("raised", "lowered")] == ["raised", "lowered", "lowered"]
