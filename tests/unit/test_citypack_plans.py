"""plans.yaml: the demo city's plans are what they say, and every slip is told at its line."""

from pathlib import Path

import pytest

from domain.catalogue import Urgency
from domain.clock import Limit, TimeUnit
from domain.place import Level
from domain.plan import Plan
from domain.task import Part
from runtime.citypack import Pack, load
from runtime.demo.words import DEVICES
from tests.unit.test_citypack import DEMO, STANDARDS, change, faults, pack

__all__ = ["pack"]  # the fixture: a copy of the demo pack to be damaged


@pytest.fixture(scope="module")
def demo() -> Pack:
    return load(DEMO, STANDARDS)


def named(demo: Pack, plan: str) -> Plan:
    return next(each for each in demo.policy.plans if each.id == plan)


def test_a_gas_leak_calls_the_gas_company_and_those_who_close_the_street(demo: Pack) -> None:
    leak = named(demo, "gas-leak")

    assert [(share.unit, share.part) for share in leak.shares] == [
        ("gas", Part.LEAD),
        ("fire", Part.ASSIST),
        ("traffic-police", Part.ASSIST),
        ("@street-office", Part.ASSIST),
        ("power", Part.ASSIST),
    ]
    assert leak.shares[1].limit == Limit(15, TimeUnit.MINUTE)
    assert [share.required for share in leak.shares] == [True, True, True, True, False]
    assert leak.levels == (Level.STREET, Level.DISTRICT, Level.CITY)
    assert leak.alert is not None
    assert (leak.alert.category, leak.alert.severity) == ("Safety", "Severe")


@pytest.mark.parametrize(
    ("code", "urgency", "starts"),
    [
        ("01049", Urgency.CRITICAL, ["gas-leak"]),  # 燃气调压箱
        ("01049", Urgency.URGENT, []),
        ("01071", Urgency.CRITICAL, ["waterlogging"]),  # 防汛墙
        ("01037", Urgency.CRITICAL, []),
    ],
)
def test_category_and_urgency_start_a_plan(demo: Pack, code: str, urgency: Urgency, starts: list[str]) -> None:
    category = demo.catalogue.find(code)

    assert [plan.id for plan in demo.policy.plans if plan.triggered_by(category, urgency)] == starts


def test_no_plan_starts_in_the_ordinary_day_that_the_demo_plays(demo: Pack) -> None:
    """Neither a device of the play nor a filing condition of the pack is grave enough where a plan waits."""
    heard = {(device.category, Urgency(device.urgency)) for device in DEVICES}
    heard |= {(c.category, c.urgency) for group in demo.catalogue.conditions.values() for c in group}
    categories = demo.catalogue.categories
    cases = [(categories.get(name) or demo.catalogue.find(name), urgency) for name, urgency in heard]

    assert len(cases) > 50
    assert [case for case in cases for plan in demo.policy.plans if plan.triggered_by(*case)] == []


def test_a_city_without_the_file_has_no_plans(pack: Path) -> None:
    (pack / "plans.yaml").unlink()

    assert load(pack, STANDARDS).policy.plans == ()


def test_a_plan_may_name_a_class_and_need_no_alert(pack: Path) -> None:
    text = "plans:\n  - id: x\n    name: 大面积停水\n    units:\n      - {unit: gas, part: lead, limit: 1 小时}\n"
    (pack / "plans.yaml").write_text(f"{text}    triggers: {{categories: ['class:04'], urgency: 紧急}}\n", "utf-8")
    plan = load(pack, STANDARDS).policy.plans[0]

    assert plan.triggered_by(load(pack, STANDARDS).catalogue.find("04002"), Urgency.URGENT)
    assert (plan.alert, plan.levels) == (None, ())


DAMAGES = [
    ('"01049", "01057"', '"01049", "01999"', "category-unknown"),
    ('"01049", "01057"', '"01049", "01049"', "list-entry-repeated"),
    ('"01049", "01057"', '"01049", "class:77"', "class-unknown"),
    ('["01067", "01071", "01073"]', '["01067", "01049"]', "plan-tie"),
    ('["01067", "01071", "01073"]', "[]", "list-empty"),
    ("urgency: 非常紧急", "urgency: 要命", "word-unknown"),
    ("unit: gas,", "unit: gaz,", "unit-unknown"),
    ('"@street-office"', '"@village"', "unit-unknown"),
    ("unit: power,", "unit: fire,", "list-entry-repeated"),
    ("{unit: fire, part: 协办", "{unit: fire, part: 核查", "plan-part"),
    ("limit: 15 分钟", "limit: 15 刻", "limit-invalid"),
    ("required: 否", "required: 也许", "word-unknown"),
    ("levels: [街道, 区, 市]", "levels: [市, 区, 街道]", "levels-not-rising"),
    ("levels: [街道, 区, 市]", "levels: [街道, 街道]", "list-entry-repeated"),
    ("category: Safety", "category: Gas", "cap-unknown"),
    ("severity: Severe", "severity: 红色", "cap-unknown"),
    ("certainty: Observed", "certainty: observed", "cap-unknown"),
    ("event: 燃气泄漏", "events: 燃气泄漏", "key-unknown|key-missing"),
    ("id: waterlogging", "id: gas-leak", "duplicate-id"),
    ("id: waterlogging", "id: water logging", "text-malformed"),
    ("headline: 部分", f"headline: {'长' * 160}", "value-invalid"),
]


@pytest.mark.parametrize(("old", "new", "codes"), DAMAGES)
def test_one_damage_is_one_fault_at_its_line(pack: Path, old: str, new: str, codes: str) -> None:
    line = change(pack, "plans.yaml", old, new)
    told = faults(pack)

    assert sorted(code for _, code in told) == sorted(codes.split("|"))
    assert told[0][0] == f"plans.yaml:{line}" or codes.startswith("key-")


@pytest.mark.parametrize(("old", "new"), [("part: 主办", "part: 协办"), ("part: 协办", "part: 主办")])
def test_a_plan_has_exactly_one_lead(pack: Path, old: str, new: str) -> None:
    change(pack, "plans.yaml", old, new)
    units = (pack / "plans.yaml").read_text(encoding="utf-8").splitlines().index("    units:") + 1

    assert faults(pack) == [(f"plans.yaml:{units}", "plan-lead")]
