"""The policy block of pack.yaml: the city's words become its switches, and what is unsound is told at its line."""

import shutil
from datetime import timedelta
from math import inf
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.actor import Role
from domain.case import Clock
from domain.catalogue import Urgency
from domain.clock import Limit, TimeUnit
from domain.commands import Verb
from domain.errors import Fault, Invalid
from domain.petition import Matter
from domain.place import Level
from domain.policy import Ladder, LimitRule, OnSite, Policy, Reopening, SendBack, Steps
from domain.report import Source
from domain.table import TABLE
from domain.ticket import Tier
from runtime.citypack import load
from runtime.citypack.policy import PolicyBlock
from runtime.citypack.policy_faults import policy_faults
from runtime.citypack.words import WORDS
from tests.build import CALENDAR
from tests.unit.test_citypack import DEMO, STANDARDS

HOUSE = Policy(CALENDAR)
MINUTE = TimeUnit.MINUTE


class City:
    """A copy of the demo pack whose policy is written anew."""

    def __init__(self, folder: Path) -> None:
        self.folder = Path(shutil.copytree(DEMO, folder / "pack", ignore=shutil.ignore_patterns("*.py", "__pycache__")))

    def says(self, policy: str) -> Policy:
        """The policy of a pack with this block."""
        self._write(policy)
        return load(self.folder, STANDARDS).policy

    def is_told(self, policy: str) -> list[tuple[str, str]]:
        """The lines of the block (as written, without blanks) and the codes of what is wrong with them."""
        lines = self._write(policy).splitlines()
        with pytest.raises(Invalid) as caught:
            load(self.folder, STANDARDS)
        faults = [(fault.pointer.partition(":"), fault.code) for fault in caught.value.faults]
        assert {file for (file, _, _), _ in faults} == {"pack.yaml"}
        return [(lines[int(line) - 1].strip(), code) for (_, _, line), code in faults]

    def _write(self, policy: str) -> str:
        path = self.folder / "pack.yaml"
        head = path.read_text(encoding="utf-8").partition("policy:\n")[0]
        block = "".join(f"  {line}\n" for line in policy.strip().splitlines())
        path.write_text(f"{head}policy:\n{block}", encoding="utf-8")
        return f"{head}policy:\n{block}"


@pytest.fixture
def city(tmp_path: Path) -> City:
    return City(tmp_path)


def rule(policy: Policy, clock: Clock, urgency: Urgency = Urgency.NORMAL, level: Level | None = None) -> Limit | None:
    found = policy.limit(clock, urgency, level)
    return found.limit if found else None


def test_a_city_where_the_chief_files_and_closes(city: City) -> None:
    policy = city.says("""
auto_file_from: 从不
auto_admit_from: 0.7
steps: {filing: 是, close: true}
may: {立案: [值班长], close: [chief, 管理员]}
reasons: {不予立案: [重复, 不属管辖], send-back: [职责不符]}
""")

    assert policy.auto_file_from == inf
    assert policy.auto_admit_from == 0.7
    assert policy.steps == Steps(filing=True, close=True)
    assert policy.may == {Verb.FILE: {Role.CHIEF}, Verb.CLOSE: {Role.CHIEF, Role.ADMIN}}
    assert policy.reasons == {Verb.DECLINE: {"重复", "不属管辖"}, Verb.SEND_BACK: {"职责不符"}}


def test_the_citys_limits_are_laid_over_the_houses(city: City) -> None:
    policy = city.says("""
limits:
  - {clock: 派遣, limit: 30 分钟}
  - {clock: 派遣, limit: 5 分钟, urgency: 非常紧急}
  - {clock: 处置, limit: 2 工作日, level: 街道}
  - {clock: case, limit: 10 工作日}
default_limit: 3个工作日
rework_limit: 4 工作时
""")

    assert rule(policy, Clock.DISPATCH) == Limit(30, MINUTE)
    assert rule(policy, Clock.DISPATCH, Urgency.CRITICAL) == Limit(5, MINUTE)
    assert rule(policy, Clock.CHECK) == rule(HOUSE, Clock.CHECK)
    assert rule(policy, Clock.DISPOSAL, level=Level.STREET) == Limit(2, TimeUnit.WORK_DAY)
    assert rule(policy, Clock.DISPOSAL, level=Level.CITY) is None
    assert rule(policy, Clock.CASE) == Limit(10, TimeUnit.WORK_DAY)
    assert (policy.default_limit, policy.rework_limit) == (Limit(3, TimeUnit.WORK_DAY), Limit(4, TimeUnit.WORK_HOUR))


def test_a_limit_may_count_on_another_calendar(city: City) -> None:
    calendar = city.folder / "calendar.yaml"
    others = "others:\n  综合执法: {hours: [08:00-22:00], rest_weekdays: []}\n"
    calendar.write_text(calendar.read_text(encoding="utf-8") + others, encoding="utf-8")
    policy = city.says("limits:\n  - {clock: 派遣, limit: 2 工作时, calendar: 综合执法}")

    assert policy.limit(Clock.DISPATCH, Urgency.NORMAL, None) == LimitRule(
        Clock.DISPATCH, Limit(2, TimeUnit.WORK_HOUR), calendar="综合执法"
    )
    assert set(policy.calendars) == {"综合执法"}
    assert policy.calendar != policy.calendars["综合执法"]


def test_clocks_ring_as_the_city_wants(city: City) -> None:
    policy = city.says("""
ladders:
  处置: {warn: 0.5, rungs: [1.2, 3]}
  派遣: {}
cumulative: [处置, 核查]
verifying_pauses_intake: 是
""")

    assert policy.ladders[Clock.DISPOSAL] == Ladder(0.5, (1.2, 3.0))
    assert policy.alarms(Clock.DISPATCH) == (1.0,)
    assert policy.ladders[Clock.ASSIST] == HOUSE.ladders[Clock.ASSIST]
    assert policy.cumulative == {Clock.DISPOSAL, Clock.CHECK}
    assert policy.verifying_pauses_intake


def test_who_asks_and_who_agrees(city: City) -> None:
    policy = city.says("""
consents: {退回: 1, 申诉: 1}
granted_by: {延期: [派遣员], 退回: [督查]}
extensions: 0
suspensions: 3
longest_suspension_days: 90
send_back: {most: 2, within: 4 工作时}
first_accepts_leads: 是
""")

    assert policy.consents == {**HOUSE.consents, Matter.SEND_BACK: 1, Matter.APPEAL: 1}
    assert policy.granted_by[Matter.EXTENSION] == {Role.DISPATCHER}
    assert policy.granted_by[Matter.VOID] == HOUSE.granted_by[Matter.VOID]
    assert (policy.extensions, policy.suspensions, policy.longest_suspension) == (0, 3, timedelta(days=90))
    assert policy.send_back == SendBack(2, Limit(4, TimeUnit.WORK_HOUR))
    assert policy.first_accepts_leads


def test_the_rest_is_as_it_is_written(city: City) -> None:
    policy = city.says("""
on_site: {photos: 2, within_m: 100, required: 是}
reopening: {dissatisfied: 是, most: 1}
starting_level: 街道
auto_verify: [物联告警]
auto_check: 是
recovery_withdraws: 是
join_within_m: 30
join_within_hours: 12
exercise_pace: 60
""")

    assert policy.on_site == OnSite(2, 100.0, required=True)
    assert policy.reopening == Reopening(unsolved=True, dissatisfied=True, most=1)
    assert policy.starting_level is Level.STREET
    assert policy.auto_verify == {Source.ALARM}
    assert policy.auto_check
    assert policy.recovery_withdraws
    assert (policy.join_within_m, policy.join_within, policy.exercise_pace) == (30.0, timedelta(hours=12), 60.0)


def test_the_hotline_has_limits_of_its_own(city: City) -> None:
    tickets = city.says("""
tickets:
  limits: {一般: 5 整工作日}
  contact: 2 小时
  tiers: {紧急: 一般}
  category_tiers: {"01049": 水电气热}
  reopen_dissatisfied: 是
  reopen_most: 1
  call_back_attempts: 5
""").tickets

    assert tickets.limits == {**HOUSE.tickets.limits, Tier.GENERAL: Limit(5, TimeUnit.WHOLE_WORK_DAY)}
    assert tickets.contact == Limit(2, TimeUnit.HOUR)
    assert tickets.tiers == {**HOUSE.tickets.tiers, Urgency.URGENT: Tier.GENERAL}
    assert tickets.category_tiers == {"gbt47678.5-2026:event:01049": Tier.URGENT}
    assert (tickets.reopen_unsolved, tickets.reopen_dissatisfied, tickets.reopen_most) == (True, True, 1)
    assert tickets.call_back_attempts == 5


UNSOUND = [
    ("may: {flie: [desk]}", "word-unknown"),
    ("may: {立案: [局长]}", "word-unknown"),
    ("may: {立案: [话务员]}", "role-cannot"),
    ("may: {立案: [system]}", "role-reserved"),
    ("may: {warn: [值班长]}", "role-cannot"),
    ("may: {立案: []}", "list-empty"),
    ("may: {立案: [chief, 值班长]}", "list-entry-repeated"),
    ("may: {立案: [chief], file: [desk]}", "key-repeated"),
    ("may: {受理: [受理员]}", "step-off"),
    ("may: {部门确认: [责任单位]}", "step-off"),
    ("may: {结案: [值班长]}", "step-off"),
    ("may: {absorb: [受理员]}", "verb-paired"),
    ("may: {同意: [督查]}", "answer-nobody"),
    ("may: {不同意: [派遣员]}", "answer-nobody"),
    ("reasons: {签收: [好]}", "reason-pointless"),
    ("reasons: {不予立案: [重复]}", "step-off"),
    ("reasons: {退回: []}", "list-empty"),
    ("granted_by: {延期: [受理员]}", "role-cannot"),
    ("granted_by: {延长: [值班长]}", "word-unknown"),
    ("consents: {延期: 0}", "consents-zero"),
    ("consents: {延期: -1}", "value-invalid"),
    ("consents: {超期申诉: 1, 申诉: 1}", "key-repeated"),
    ("auto_admit_from: 0.5", "step-off"),
    ("auto_file_from: 1.5", "value-invalid"),
    ("auto_file_from: nan", "value-invalid"),
    ("cumulative: [挂账]", "clock-without-limit"),
    ("cumulative: [处置, disposal]", "list-entry-repeated"),
    ("ladders: {处置: {warn: 1}}", "value-invalid"),
    ("ladders: {处置: {warn: 0}}", "value-invalid"),
    ("ladders: {处置: {rungs: [1]}}", "value-invalid"),
    ("ladders: {处置: {rungs: [2, 1.5]}}", "rungs-not-ascending"),
    ("ladders: {处置: {rungs: [2, 2]}}", "rungs-not-ascending"),
    ("ladders: {挂账: {warn: 0.5}}", "clock-without-limit"),
    ("ladders: {处置: {}, disposal: {}}", "key-repeated"),
    ("limits: [{clock: 阶段, limit: 1 小时}]", "clock-without-limit"),
    ("limits: [{clock: 派遣, limit: 1 小时, calendar: 医院}]", "calendar-unknown"),
    ("limits: [{clock: 派遣, limit: 0 小时}]", "limit-invalid"),
    ("limits: [{clock: 派遣, limit: 1 小时, level: 镇}]", "word-unknown"),
    ("limits: [{clock: 派遣, limit: 1 小时}, {clock: dispatch, limit: 2 小时}]", "limit-repeated"),
    ("limits: {派遣: 1 小时}", "value-invalid"),
    ("stage_limits: {filing: 15 分钟}", "key-unknown"),
    ("steps: {filling: 是}", "key-unknown"),
    ("steps: {filing: 也许}", "word-unknown"),
    ("send_back: {most: 0}", "value-invalid"),
    ("on_site: {within_m: 0}", "value-invalid"),
    ("starting_level: 镇", "word-unknown"),
    ("auto_verify: [微博]", "word-unknown"),
    ("exercise_pace: 0.5", "value-invalid"),
    ("longest_suspension_days: 0", "value-invalid"),
    ("tickets: {tiers: {一般: 疑难}}", "tier-by-desk"),
    ('tickets: {category_tiers: {"01049": 疑难}}', "tier-by-desk"),
    ('tickets: {category_tiers: {"01999": 突发}}', "category-unknown"),
    ('tickets: {category_tiers: {"01049": 突发, "gbt47678.5-2026:event:01049": 突发}}', "duplicate-id"),
    ("tickets: {limits: {一般: 5 天}}", "limit-invalid"),
]


@pytest.mark.parametrize(("line", "code"), UNSOUND)
def test_what_is_unsound_is_told_at_its_line(city: City, line: str, code: str) -> None:
    assert city.is_told(f"extensions: 2\n{line}\nsuspensions: 1") == [(line, code)]


def test_what_is_accepted_is_less_sure_than_what_is_filed(city: City) -> None:
    said = "auto_file_from: 0.6\nsteps: {filing: 是}\nauto_admit_from: 0.6"
    assert city.is_told(said) == [("auto_admit_from: 0.6", "auto-order")]


def test_the_fault_stands_at_the_word_as_the_city_wrote_it(city: City) -> None:
    said = """
may:
  立案:
    - 值班长
    - 查看
  受理:
    - 受理员
granted_by:
  作废:
    - 责任单位
"""
    assert city.is_told(said) == [("- 查看", "role-cannot"), ("受理:", "step-off"), ("- 责任单位", "role-cannot")]


def test_too_few_who_must_agree_are_a_warning(city: City) -> None:
    city.says("granted_by: {超期申诉: [值班长]}")

    warnings = load(city.folder, STANDARDS).warnings
    assert Fault("clients.csv", "consents-short", "appeal: 1 of 2 who must agree") in warnings
    assert [w.pointer for w in load(DEMO, STANDARDS).warnings if w.code == "consents-short"] == []


@given(st.dictionaries(st.sampled_from(Verb), st.sets(st.sampled_from(Role), min_size=1), max_size=4))
def test_whom_a_sound_policy_names_the_law_knows(may: dict[Verb, set[Role]]) -> None:
    """A policy passes exactly where every role named is one of the people of the verb's rows."""
    words = {WORDS["verb"][verb]: [WORDS["role"][role] for role in roles] for verb, roles in may.items()}
    said = PolicyBlock.model_validate({"steps": dict.fromkeys(("filing", "confirm", "close"), "是"), "may": words})
    told = {code for _, code, _ in policy_faults(said, HOUSE, {"": CALENDAR})}

    people = {verb: {role for row in TABLE if row.verb is verb for role in row.actors} - {Role.SYSTEM} for verb in Verb}
    unsound = any(not roles <= people[verb] for verb, roles in may.items() if verb not in (Verb.ABSORB, Verb.RELEASE))
    assert bool(told & {"role-cannot", "role-reserved"}) == unsound
    assert said.policy({"": CALENDAR}).may == {verb: frozenset(roles) for verb, roles in may.items()}


RULES = st.tuples(st.sampled_from(Clock), st.sampled_from([None, *Urgency]), st.integers(1, 99))


@given(st.lists(RULES, max_size=8, unique_by=lambda rule: rule[:2]))
def test_no_clock_of_the_house_loses_its_limit(rows: list[tuple[Clock, Urgency | None, int]]) -> None:
    """Whatever a city says of limits, each clock that has one by the house's rules keeps one, and its own holds."""
    limits = [
        {"clock": clock, "limit": f"{minutes} 分钟"} | ({"urgency": urgency} if urgency else {})
        for clock, urgency, minutes in rows
    ]
    policy = PolicyBlock.model_validate({"limits": limits}).policy({"": CALENDAR})

    for house in HOUSE.limits:
        for urgency in Urgency:
            assert rule(policy, house.clock, urgency) is not None
    for clock, particular, minutes in rows:
        if particular:
            assert rule(policy, clock, particular) == Limit(minutes, MINUTE)
    keys = [(each.clock, each.urgency, each.level) for each in policy.limits]
    assert len(keys) == len(set(keys))
