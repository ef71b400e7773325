"""Who leads when a case goes up or down a level (提级、吹哨、下派), and who has what no rule covers (属地兜底)."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.facts import Surroundings
from dispatch.roster import Roster, Unit
from dispatch.rules import Rule
from domain.actor import Actor, Role
from domain.case import Case, State, Verdict
from domain.commands import Command, Verb
from domain.errors import Invalid
from domain.place import LEVELS, Level
from tests.build import a_policy, a_story
from tests.rulebook import AREAS, DAY, EAST_1, book_of, facts, judged, rule

WEST = ("city", "west")
UNITS = (
    Unit("roads", "市政"),
    Unit("drains", "排水"),
    Unit("hq", "市运行管理中心", areas=("city",), level=Level.CITY),
    Unit("east-centre", "东区中心", "district-command", ("east",), level=Level.DISTRICT, parent="hq"),
    Unit("street-1", "东一街道", "street-office", ("east-1",), level=Level.STREET, parent="east-centre"),
)
ROSTER = Roster(UNITS)
POTHOLES = rule("potholes", "roads", category="pothole", assist=("drains", "@street-office"))


def verdict(*rules: Rule, fallback: str = "", roster: Roster = ROSTER, **changes: Any) -> Verdict:
    return judged(*rules, roster=roster, case=facts(**changes), fallback=fallback)


# --- Up and down


def test_a_case_raised_to_the_city_is_led_by_the_city_and_the_departments_report_to_it() -> None:
    """街乡吹哨、部门报到: whom the rule would have sent comes along, its lead first."""
    found = verdict(POTHOLES, level="city")
    assert (found.lead, found.assist) == ("hq", ("roads", "drains", "street-1"))
    assert "level city" in found.reason
    assert "hq answers for the territory" in found.reason
    assert "rule potholes: category pothole" in found.reason
    assert (found.rule, found.rulebook) == ("", "book-7")


def test_a_case_lowered_to_the_street_is_led_by_the_street_and_not_helped_by_itself() -> None:
    found = verdict(POTHOLES, level="street")
    assert (found.lead, found.assist) == ("street-1", ("roads", "drains"))


def test_raised_where_no_rule_holds_the_level_acts_alone() -> None:
    found = verdict(fallback="@street-office", level="district")
    assert (found.lead, found.assist) == ("east-centre", ())
    assert "nobody else is called" in found.reason


@pytest.mark.parametrize(("level", "areas"), [("district", WEST), ("province", EAST_1), ("community", EAST_1)])
def test_where_nobody_answers_at_the_level_the_desk_decides(level: str, areas: tuple[str, ...]) -> None:
    found = verdict(POTHOLES, fallback="roads", level=level, areas=areas)
    assert (found.lead, found.assist, found.rule) == (None, (), "")
    assert found.reason == (
        f"handled at level {level}: no unit at level {level} answers for this area; the duty desk decides"
    )


def test_who_sent_the_case_back_does_not_get_it_by_way_of_its_level() -> None:
    found = verdict(POTHOLES, level="district", refused_by=frozenset({"east-centre"}))
    assert found.lead is None
    assert "east-centre sent this case back before" in found.reason


def test_the_unit_of_the_smallest_territory_answers_and_one_of_the_whole_city_last() -> None:
    zone = Unit("zone", "开发区管委会", areas=("east-2",), level=Level.DISTRICT)
    rest = Unit("rest", "市辖区办", level=Level.DISTRICT)
    roster = Roster([*UNITS, zone, rest])
    assert roster.at_level(Level.DISTRICT, ("city", "east", "east-2"), DAY) == "zone"
    assert roster.at_level(Level.DISTRICT, EAST_1, DAY) == "east-centre"
    assert roster.at_level(Level.DISTRICT, WEST, DAY) == roster.at_level(Level.DISTRICT, (), DAY) == "rest"


def level_of(case: Case) -> str:
    (said,) = Surroundings(ROSTER, a_policy().calendar, Level.DISTRICT).facts_many([case], case.updated_at)
    return said.level


def test_a_case_has_a_level_for_the_rulebook_only_after_it_was_moved() -> None:
    story = a_story(State.PENDING_DISPATCH, policy=a_policy(starting_level=Level.DISTRICT))
    assert level_of(story.case) == ""

    overseer = Actor("dispatcher-1", Role.DISPATCHER)
    story.do(Command(Verb.RAISE, overseer, story.case.id, level=Level.CITY, reason="cross-district"))
    assert level_of(story.case) == "city"

    story.do(Command(Verb.LOWER, overseer, story.case.id, level=Level.DISTRICT, reason="local after all"))
    assert level_of(story.case) == ""


# --- 属地兜底


def test_what_no_rule_covers_goes_to_the_unit_of_the_territory() -> None:
    found = verdict(rule("r", "roads", urgency="critical"), fallback="@street-office")
    assert (found.lead, found.assist, found.rule, found.rulebook) == ("street-1", (), "", "book-7")
    assert found.reason == "属地兜底: no rule of the rulebook matches; street-1 answers for the territory"
    assert found.passed_over == ("r: urgency is normal, not critical",)


def test_a_rule_goes_before_the_fallback_however_little_it_says() -> None:
    assert verdict(rule("any", "drains"), fallback="@street-office").lead == "drains"


def test_the_fallback_has_it_after_the_rules_unit_sent_it_back() -> None:
    assert verdict(POTHOLES, fallback="hq", refused_by=frozenset({"roads"})).lead == "hq"


@pytest.mark.parametrize(
    ("changes", "because"),
    [
        ({"areas": WEST}, "no unit @street-office answers for this area"),
        ({"areas": ()}, "no unit @street-office answers for this area"),
        ({"refused_by": frozenset({"street-1"})}, "street-1 sent this case back before"),
    ],
)
def test_without_a_fallback_there_the_desk_decides_and_knows_why(changes: dict[str, Any], because: str) -> None:
    found = verdict(fallback="@street-office", **changes)
    assert found.lead is None
    assert found.reason == f"no rule of the rulebook matches and {because}; the duty desk decides"


def test_a_fallback_that_can_never_be_found_is_a_fault_of_the_book() -> None:
    for name in ("nobody", "@village"):
        with pytest.raises(Invalid) as caught:
            book_of(roster=ROSTER, fallback=name)
        assert [(f.pointer, f.code, f.hint) for f in caught.value.faults] == [("/fallback", "unit-unknown", name)]


# --- For any book

ASKS = st.fixed_dictionaries(
    {},
    optional={
        "category": st.sampled_from(["pothole", "rubbish", "class:01"]),
        "area": st.sampled_from(sorted(AREAS.depths)),
        "urgency": st.sampled_from(["normal", "critical"]),
    },
)
LEADS = st.sampled_from(["roads", "drains", "hq", "@street-office"])
ASSISTS = st.sampled_from([(), ("drains",), ("@street-office", "hq")])
RULES = st.lists(st.tuples(ASKS, LEADS, ASSISTS), max_size=8, unique_by=lambda row: tuple(sorted(row[0].items()))).map(
    lambda rows: [rule(f"r{n}", lead, assist=others, **asks) for n, (asks, lead, others) in enumerate(rows)]
)
CASES = st.fixed_dictionaries(
    {
        "category": st.sampled_from(["pothole", "rubbish", ""]),
        "areas": st.sampled_from([EAST_1, WEST, ("city",), ()]),
        "urgency": st.sampled_from(["normal", "critical"]),
        "refused_by": st.frozensets(st.sampled_from(["roads", "hq", "street-1"])),
    }
)
FALLBACKS = st.sampled_from(["", "hq", "@street-office", "@district-command"])


@given(RULES, CASES)
def test_which_rule_is_most_specific_does_not_depend_on_the_levels_of_units(
    book: list[Rule], case: dict[str, Any]
) -> None:
    """A city that fills in the level column dispatches an ordinary case exactly as before."""
    plain = Roster(replace(unit, level=None, parent="") for unit in UNITS)
    assert verdict(*book, **case) == verdict(*book, roster=plain, **case)


@given(RULES, CASES, FALLBACKS)
def test_a_fallback_changes_nothing_where_a_rule_holds(book: list[Rule], case: dict[str, Any], fallback: str) -> None:
    bare, found = verdict(*book, **case), verdict(*book, fallback=fallback, **case)
    if bare.lead is not None:
        assert found == bare
    else:
        unit = ROSTER.resolve(fallback, case["areas"], DAY)
        assert found.lead == (None if unit in case["refused_by"] else unit)
        assert (found.rule, found.passed_over) == ("", bare.passed_over)


@given(RULES, CASES, FALLBACKS, st.sampled_from(LEVELS))
def test_at_a_level_its_unit_leads_and_all_whom_the_rule_names_are_called_once(
    book: list[Rule], case: dict[str, Any], fallback: str, level: Level
) -> None:
    bare, found = verdict(*book, **case), verdict(*book, fallback=fallback, level=level, **case)
    unit = ROSTER.at_level(level, case["areas"], DAY)
    assert found.lead == (None if unit in case["refused_by"] else unit)
    if found.lead is not None and bare.lead is not None:
        assert [found.lead, *found.assist] == list(dict.fromkeys([found.lead, bare.lead, *bare.assist]))
    else:
        assert found.assist == ()
