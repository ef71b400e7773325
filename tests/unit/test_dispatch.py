"""Who must act: the most specific rule, whatever its place in the book, and an answer to «why not us»."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.engine import Engine
from dispatch.facts import Facts, facts_of
from dispatch.roster import Roster, Unit
from dispatch.rulebook import Rulebook
from dispatch.rules import Rule
from domain.case import State, Verdict
from domain.errors import Invalid
from domain.place import Level
from tests.build import DRAINS, ROADS, a_place, a_story

DEPTHS = {"city": 0, "east": 1, "west": 1, "east-1": 2, "east-2": 2, "west-1": 2}
EAST_1 = ("city", "east", "east-1")
ROSTER = Roster(
    [
        Unit("roads", "市政"),
        Unit("drains", "排水"),
        Unit("duty", "值守"),
        Unit("street-1", "东一街道", "street", ("east-1",)),
        Unit("street-2", "东二街道", "street", ("east-2",)),
        Unit("east-office", "东区", "street", ("east",)),
    ]
)


def facts(**changes: Any) -> Facts:
    return replace(Facts("pothole", "01", EAST_1, "hotline", "normal", "deep"), **changes)


def engine(*rules: Rule, roster: Roster = ROSTER) -> Engine:
    return Engine(Rulebook("book-7", rules, roster, DEPTHS))


def verdict(*rules: Rule, **changes: Any) -> Verdict:
    return engine(*rules).choose_many([facts(**changes)])[0]


def faults(*rules: Rule, roster: Roster = ROSTER) -> set[str]:
    with pytest.raises(Invalid) as caught:
        Rulebook("book-7", rules, roster, DEPTHS)
    return {fault.code for fault in caught.value.faults}


# --- Specificity

ANYTHING = Rule("any", "duty")
LADDER = [
    ANYTHING,
    Rule("source", "roads", source="hotline"),
    Rule("urgency", "roads", urgency="normal"),
    Rule("city", "roads", area="city"),
    Rule("district", "roads", area="east"),
    Rule("street", "roads", area="east-1"),
    Rule("class", "roads", category="class:01"),
    Rule("category", "roads", category="pothole"),
    Rule("condition", "roads", condition="deep"),
]


@pytest.mark.parametrize(("weaker", "stronger"), list(pairwise(LADDER)), ids=lambda rule: rule.id)
def test_what_says_more_about_the_case_goes_before(weaker: Rule, stronger: Rule) -> None:
    assert verdict(weaker, stronger).rule == verdict(stronger, weaker).rule == stronger.id


def test_all_circumstances_together_do_not_outweigh_the_category() -> None:
    crowd = Rule("crowd", "duty", category="class:01", area="east-1", source="hotline", urgency="normal")
    assert verdict(crowd, Rule("category", "roads", category="pothole")).rule == "category"


@pytest.mark.parametrize(
    "rule",
    [
        Rule("r", "roads", category="rubbish"),
        Rule("r", "roads", category="class:02"),
        Rule("r", "roads", area="west"),
        Rule("r", "roads", source="alarm"),
        Rule("r", "roads", urgency="critical"),
        Rule("r", "roads", condition="small"),
    ],
    ids=["category", "class", "area", "source", "urgency", "condition"],
)
def test_a_rule_that_asks_something_else_does_not_speak(rule: Rule) -> None:
    assert verdict(rule).lead is None
    assert verdict(rule, ANYTHING).lead == "duty"


def test_a_rule_for_a_district_holds_in_all_its_streets() -> None:
    rule = Rule("r", "roads", area="east")
    assert [v.lead for v in engine(rule).choose_many([facts(areas=("city", "east", s)) for s in ("east-1", "east-2")])]
    assert verdict(rule, areas=("city", "west", "west-1")).lead is None


# --- Faults of a book


def test_two_rules_that_ask_the_same_are_a_fault_and_not_a_lottery() -> None:
    assert faults(Rule("a", "roads", category="pothole"), Rule("b", "drains", category="pothole")) == {"rule-tie"}


def test_unknown_units_kinds_and_areas_are_found_all_at_once() -> None:
    book = (
        Rule("a", "nobody"),
        Rule("b", "@nothing", category="x"),
        Rule("c", "roads", area="moon"),
        Rule("d", "roads", category="y", assist=("ghost",)),
    )
    with pytest.raises(Invalid) as caught:
        Rulebook("book-7", book, ROSTER, DEPTHS)
    assert [(f.code, f.hint) for f in caught.value.faults] == [
        ("unit-unknown", "nobody"),
        ("unit-unknown", "@nothing"),
        ("area-unknown", "moon"),
        ("unit-unknown", "ghost"),
    ]


def test_a_kind_nobody_can_be_found_by_is_no_kind() -> None:
    """Whole-city units are named by their id; a rule for «@gas» could never hold, and nobody would notice."""
    assert faults(Rule("a", "@")) == {"unit-unknown"}
    assert faults(Rule("a", "@gas"), roster=Roster([Unit("gas", "燃气公司", "gas")])) == {"unit-unknown"}


# --- Units


def test_a_kind_means_the_unit_of_the_deepest_area_that_has_one() -> None:
    rule = Rule("r", "@street")
    assert verdict(rule).lead == "street-1"
    assert verdict(rule, areas=("city", "east", "east-2")).lead == "street-2"
    assert verdict(rule, areas=("city", "east", "east-9")).lead == "east-office"


def test_where_the_kind_has_no_unit_the_next_rule_speaks() -> None:
    found = verdict(Rule("r", "@street", category="pothole"), ANYTHING, areas=("city", "west", "west-1"))
    assert found.lead == "duty"
    assert found.passed_over == ("r: no unit @street answers for this area",)


def test_assistants_are_named_once_and_never_the_lead_itself() -> None:
    found = verdict(Rule("r", "street-1", assist=("@street", "drains", "drains", "roads")))
    assert (found.lead, found.assist) == ("street-1", ("drains", "roads"))


def test_who_sent_the_case_back_is_passed_over_and_named() -> None:
    rules = (Rule("r", "roads", category="pothole"), Rule("s", "drains", category="class:01"), ANYTHING)
    found = verdict(*rules, refused_by=frozenset({"roads"}))
    assert found.lead == "drains"
    assert found.passed_over == ("r: roads sent this case back before", "any: less specific than s")


def test_when_all_have_refused_the_desk_decides() -> None:
    assert verdict(ANYTHING, refused_by=frozenset({"duty"})).lead is None


def test_the_facts_remember_the_lead_who_sent_back_and_not_its_assistants() -> None:
    story = a_story(State.DISPOSING, DRAINS)
    story.do(story.send_back(DRAINS)).do(story.send_back(ROADS))
    assert facts_of(story.case, Level.DISTRICT).refused_by == {ROADS}


def test_the_facts_are_those_of_the_case() -> None:
    case = a_story(State.PENDING_DISPATCH).case
    assert facts_of(case, Level.DISTRICT) == Facts(
        "gbt:event:01001", "01", a_place().path, "hotline", "normal", "gbt:event:01001/1", frozenset()
    )


# --- Explanations


def test_the_verdict_names_its_rule_its_book_and_what_the_rule_asked() -> None:
    found = verdict(Rule("r-12", "roads", category="pothole", area="east"), ANYTHING)
    assert (found.rule, found.rulebook) == ("r-12", "book-7")
    assert found.reason == "rule r-12: category pothole, area east"
    assert found.passed_over == ("any: less specific than r-12",)
    assert verdict(ANYTHING).reason == "rule any: holds always"


def test_no_match_is_a_verdict_that_says_why() -> None:
    found = verdict(Rule("r", "roads", area="west"), Rule("u", "roads", urgency="critical"))
    assert (found.lead, found.assist, found.rule, found.rulebook) == (None, (), "", "book-7")
    assert "duty desk" in found.reason
    assert set(found.passed_over) == {"r: area west does not hold the case", "u: urgency is normal, not critical"}


def test_an_empty_book_leaves_everything_to_the_desk() -> None:
    assert verdict().lead is None


# --- For any book

ANY_OR = {
    "category": ["*", "pothole", "rubbish", "class:01", "class:02"],
    "area": ["*", *DEPTHS],
    "source": ["*", "hotline", "alarm"],
    "urgency": ["*", "normal", "critical"],
    "condition": ["*", "deep", "small"],
}
ASKS = st.fixed_dictionaries({name: st.sampled_from(values) for name, values in ANY_OR.items()})
LEADS = st.sampled_from(["roads", "drains", "duty", "@street"])
BOOKS = st.lists(st.tuples(ASKS, LEADS), max_size=12, unique_by=lambda pair: tuple(sorted(pair[0].items()))).map(
    lambda pairs: [Rule(f"r{n}", lead, **asks) for n, (asks, lead) in enumerate(pairs)]
)
AREAS = st.sampled_from([EAST_1, ("city", "east", "east-2"), ("city", "west", "west-1"), ("city",), ()])
FACTS = st.builds(
    Facts,
    category=st.sampled_from(["pothole", "rubbish", ""]),
    class_code=st.sampled_from(["01", "02", ""]),
    areas=AREAS,
    source=st.sampled_from(["hotline", "alarm", "inspector"]),
    urgency=st.sampled_from(["normal", "critical"]),
    condition=st.sampled_from(["deep", ""]),
    refused_by=st.frozensets(st.sampled_from(["roads", "duty", "street-1"])),
)


def holds(rule: Rule, case: Facts) -> bool:
    """The meaning of a rule, written down a second time."""
    return (
        rule.category in ("*", case.category, f"class:{case.class_code}")
        and rule.area in ("*", *case.areas)
        and rule.source in ("*", case.source)
        and rule.urgency in ("*", case.urgency)
        and rule.condition in ("*", case.condition)
        and ROSTER.resolve(rule.lead, case.areas) not in (None, *case.refused_by)
    )


@given(BOOKS, FACTS, st.randoms())
def test_the_order_of_the_book_never_decides(book: list[Rule], case: Facts, shuffle: Any) -> None:
    (before,) = engine(*book).choose_many([case])
    shuffle.shuffle(book)
    (after,) = engine(*book).choose_many([case])
    assert after == before


@given(BOOKS, FACTS)
def test_a_rule_is_chosen_exactly_when_one_holds_and_then_it_is_one_that_holds(book: list[Rule], case: Facts) -> None:
    (found,) = engine(*book).choose_many([case])
    speaking = {rule.id: rule for rule in book if holds(rule, case)}
    assert (found.lead is not None) == bool(speaking)
    if found.lead is not None:
        assert found.lead == ROSTER.resolve(speaking[found.rule].lead, case.areas)
        assert found.lead not in case.refused_by
    assert len(found.passed_over) <= 3


@given(BOOKS, st.lists(FACTS, max_size=8))
def test_each_case_is_judged_for_itself_and_like_cases_alike(book: list[Rule], cases: list[Facts]) -> None:
    judge = engine(*book)
    together = judge.choose_many([*cases, *cases])
    assert together == [engine(*book).choose_many([case])[0] for case in [*cases, *cases]]
