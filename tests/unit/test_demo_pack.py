"""Stories of the demo city: what a caller says leads to the category, the condition and the units one would expect."""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from classify.classifier import Classification, Classifier
from dispatch.engine import Engine
from dispatch.facts import Facts
from domain.case import Verdict
from domain.catalogue import Urgency
from domain.clock import Limit, TimeUnit
from domain.ids import ReportId
from domain.report import Report, Source
from runtime.citypack import Pack, load
from tests.rulebook import DAY

DEPLOY = Path(__file__).parents[2] / "deploy"
WANGHU, SONGLING, XINCHENG = "439901001", "439902001", "439902003"


@pytest.fixture(scope="module")
def pack() -> Pack:
    return load(DEPLOY / "citypacks" / "demo", DEPLOY / "standards")


def hear(pack: Pack, text: str, *, code: str | None = None, condition: str | None = None) -> Classification:
    report = Report(
        ReportId(UUID(int=1)),
        Source.HOTLINE,
        "12345",
        "1",
        datetime(2026, 11, 20, 9, tzinfo=UTC),
        text=text,
        category=code,
        condition=condition,
    )
    return Classifier(pack.catalogue, pack.keywords).classify_many([report])[0]


def send(pack: Pack, what: Classification, street: str = WANGHU, source: Source = Source.HOTLINE) -> Verdict:
    category, condition = what.category, what.condition
    assert category is not None
    assert condition is not None
    path = (f"class:{category.class_code}", category.key)
    facts = Facts(DAY, path, pack.atlas.path(street), source, condition.urgency, condition.id)
    return Engine(pack.rulebook).choose_many([facts])[0]


STORIES = [
    ("井盖不见了，差点摔进去", "不明井盖异常", "01023-1", "roads", ("street-wanghu",)),
    ("人行道上的井盖松动，车一过就响", "不明井盖异常", "01023-2", "roads", ("street-wanghu",)),
    ("小区门口污水井盖不见了", "污水井盖异常", "01002-1", "drainage", ("traffic-police", "street-wanghu")),
    ("路边雨水箅子丢了一块", "雨水箅子异常", "01004-2", "drainage", ("sanitation",)),
    ("整条街路灯不亮，黑漆漆的", "路灯异常", "01037-1", "lighting", ()),
    ("路灯白天一直开着", "路灯异常", "01037-3", "lighting", ()),
    ("红绿灯坏了没人指挥", "交通信号灯异常", "02014-1", "traffic-police", ("power",)),
    ("下穿通道积水，车过不去", "地下通道异常", "02007-1", "drainage", ("traffic-police", "command-linhu")),
    ("垃圾桶满了，溢得到处都是", "垃圾站（箱）满溢", "06042-1", "sanitation", ()),
    ("巷口一堆垃圾没人清", "暴露垃圾", "06010-1", "sanitation", ("street-wanghu",)),
    ("马路塌陷了一个大坑", "道路破损", "06013-2", "roads", ("traffic-police", "drainage", "command-linhu")),
    ("马路上有个大坑", "道路破损", "06013-1", "roads", ()),
    ("大树断了砸到车", "行道树异常", "04002-1", "parks", ()),
    ("湖面漂浮着很多塑料袋", "水域不洁", "06025-1", "water-affairs", ("sanitation",)),
    ("工地半夜施工噪音太大", "施工扰民", "08001-1", "housing", ("environment",)),
    ("楼下广场舞音响太吵", "噪声扰民", "06028-1", "enforcement", ("street-wanghu",)),
    ("共享单车坏了倒在路口", "共享单车乱象", "09011-2", "transport", ("street-wanghu",)),
    ("消防通道被堵死了", "占用消防通道", "09012-1", "fire", ("street-wanghu",)),
    ("电线垂下来快碰到头了", "架空线缆脱落", "10002-1", "telecom", ("power", "street-wanghu")),
    ("邻居正在搭建阳光房", "私搭乱建", "06001-1", "enforcement", ("housing", "street-wanghu")),
    ("环湖路上小贩摆地摊", "无照经营游商", "09001-1", "enforcement", ("parks", "street-wanghu")),
]


@pytest.mark.parametrize(("text", "category", "condition", "lead", "assist"), STORIES)
def test_a_call_finds_its_category_and_its_units(
    pack: Pack, text: str, category: str, condition: str, lead: str, assist: tuple[str, ...]
) -> None:
    what = hear(pack, text)
    verdict = send(pack, what)

    assert what.category is not None
    assert what.condition is not None
    assert (what.category.name, what.condition.id) == (category, condition)
    assert what.judgement.confidence >= pack.policy.auto_file_from
    assert (verdict.lead, verdict.assist) == (lead, assist)


def test_a_call_about_two_things_goes_to_a_person(pack: Pack) -> None:
    what = hear(pack, "烧烤摊的油烟太大")

    assert what.judgement.confidence < pack.policy.auto_file_from
    assert what.judgement.alternatives


@pytest.mark.parametrize("text", ["谢谢你们，问题解决了", "请问公积金怎么提取"])
def test_what_is_no_case_is_not_made_one(pack: Pack, text: str) -> None:
    assert hear(pack, text).category is None


@pytest.mark.parametrize("text", ["古塔墙上被人刻字", "加油站异味很大", "公房地下室被水淹了"])
def test_some_cases_are_left_to_the_duty_desk(pack: Pack, text: str) -> None:
    assert send(pack, hear(pack, text)).lead is None
    assert pack.duty_desk in pack.roster.units


@pytest.mark.parametrize(
    ("code", "condition", "street", "source", "lead", "rule"),
    [
        ("06001", "06001-2", WANGHU, Source.INSPECTOR, "enforcement", "illegal-building"),
        ("06001", "06001-2", SONGLING, Source.INSPECTOR, "command-shanqian", "illegal-building-shanqian"),
        ("06012", None, WANGHU, Source.INSPECTOR, "sanitation", "road-dirt"),
        ("06012", None, XINCHENG, Source.INSPECTOR, "street-xincheng", "road-dirt-xincheng"),
        ("06028", None, WANGHU, Source.HOTLINE, "enforcement", "noise"),
        ("06028", None, WANGHU, Source.ALARM, "environment", "noise-alarm"),
        ("06036", None, WANGHU, Source.HOTLINE, "street-wanghu", "clutter"),
        ("06036", None, XINCHENG, Source.HOTLINE, "street-xincheng", "clutter"),
        ("01072", None, XINCHENG, Source.ALARM, "drainage", "pump-station-alarm"),
        ("01070", None, WANGHU, Source.INSPECTOR, "water-affairs", "waterside-rail"),
        ("0110", None, WANGHU, Source.INSPECTOR, "sanitation", "litter"),  # 暴露垃圾 in the numbers of 2013
    ],
)
def test_area_source_and_condition_decide(
    pack: Pack, code: str, condition: str | None, street: str, source: Source, lead: str, rule: str
) -> None:
    verdict = send(pack, hear(pack, "", code=code, condition=condition), street, source)

    assert (verdict.lead, verdict.rule) == (lead, rule)


def test_danger_to_life_brings_more_units(pack: Pack) -> None:
    what = hear(pack, "", code="01011")
    assert what.category is not None
    path = ("class:01", what.category.key)
    facts = Facts(DAY, path, pack.atlas.path(WANGHU), "hotline", Urgency.CRITICAL, "01011-1")

    verdict = Engine(pack.rulebook).choose_many([facts])[0]

    assert (verdict.lead, verdict.assist) == ("gas", ("fire", "street-wanghu"))


@pytest.mark.parametrize("code", ["01002", "01037", "01067", "01072", "02007", "02014", "06028", "06042"])
def test_what_sensors_tell_has_conditions(pack: Pack, code: str) -> None:
    category = pack.catalogue.find(code)

    assert pack.catalogue.condition(category, None) is not None


def test_a_lost_cover_is_closed_off_within_two_hours_of_the_clock(pack: Pack) -> None:
    condition = pack.catalogue.condition(pack.catalogue.find("01002"), "01002-1")

    assert condition is not None
    assert condition.limit == Limit(2, TimeUnit.URGENT_WORK_HOUR)
    assert condition.urgency is Urgency.URGENT


def test_every_keyword_is_heard_as_what_it_stands_for(pack: Pack) -> None:
    """A word that another rule drowns out is dead weight in the table."""
    drowned = [
        (word, what.category.name if what.category else None)
        for rule in pack.keywords
        for word in rule.words
        for what in [hear(pack, word)]
        if what.category is None or what.category.key != rule.category
    ]

    assert drowned == []


def test_every_unit_has_something_to_do_and_every_rule_says_why(pack: Pack) -> None:
    rules = pack.rulebook.rules
    busy = Counter(name for rule in rules for name in (*rule.lead, *rule.assist))
    by_kind = {unit.kind for unit in pack.roster.units.values() if f"@{unit.kind}" in busy}
    idle = {u.id for u in pack.roster.units.values() if u.id not in busy and u.kind not in by_kind}

    assert idle == {pack.duty_desk}
    assert all(rule.note for rule in rules)
