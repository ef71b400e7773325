"""Who must act: the most specific rule, whatever its place in the book, and an answer to «why not us»."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.engine import Engine
from dispatch.facts import Facts, Surroundings
from dispatch.roster import Roster, Unit
from dispatch.rules import Rule, Validity
from dispatch.windows import Window
from domain.case import State, Verdict
from domain.errors import Invalid
from domain.place import Level
from tests.build import DRAINS, ROADS, a_place, a_policy, a_story
from tests.rulebook import AREAS, DAY, EAST_1, EAST_2, WEST_1, book_of, facts, judged, rule

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


def engine(*rules: Rule) -> Engine:
    return Engine(book_of(*rules, roster=ROSTER))


def verdict(*rules: Rule, category: str = "pothole", **changes: Any) -> Verdict:
    return judged(*rules, roster=ROSTER, case=facts(category, **changes))


def faults(*rules: Rule, roster: Roster = ROSTER) -> set[str]:
    with pytest.raises(Invalid) as caught:
        book_of(*rules, roster=roster)
    return {fault.code for fault in caught.value.faults}


# --- Specificity

ANYTHING = rule("any", "duty")
LADDER = [
    ANYTHING,
    rule("sent-back", "roads", sent_back=1),
    rule("land", "roads", land_use="road"),
    rule("source", "roads", source="hotline"),
    rule("caller", "roads", caller="media"),
    rule("urgency", "roads", urgency="normal"),
    rule("window", "roads", window="night"),
    rule("tag", "roads", tag="school"),
    rule("city", "roads", area="city"),
    rule("district", "roads", area="east"),
    rule("street", "roads", area="east-1"),
    rule("maintainer", "roads", maintainer="drains"),
    rule("owner", "roads", owner="drains"),
    rule("class", "roads", category="class:01"),
    rule("category", "roads", category="pothole"),
    rule("condition", "roads", condition="deep"),
    rule("exception", "roads", exception=True, valid=Validity(last=DAY)),
]
SAYS_ALL = {
    "land_use": "road",
    "caller": "media",
    "windows": frozenset({"night"}),
    "tags": frozenset({"school"}),
    "maintainer": "drains",
    "owner": "drains",
    "sent_back": 1,
}


@pytest.mark.parametrize(("weaker", "stronger"), list(pairwise(LADDER)), ids=lambda one: one.id)
def test_what_says_more_about_the_case_goes_before(weaker: Rule, stronger: Rule) -> None:
    found = [judged(*two, roster=ROSTER, case=facts(**SAYS_ALL), windows=(Window("night"),)).rule
             for two in ((weaker, stronger), (stronger, weaker))]  # fmt: skip
    assert found == [stronger.id, stronger.id]


def test_all_circumstances_together_do_not_outweigh_the_category() -> None:
    crowd = rule("crowd", "duty", category="class:01", area="east-1", source="hotline", urgency="normal")
    assert verdict(crowd, rule("category", "roads", category="pothole")).rule == "category"


@pytest.mark.parametrize(
    "other",
    [
        rule("r", "roads", category="rubbish"),
        rule("r", "roads", category="class:02"),
        rule("r", "roads", area="west"),
        rule("r", "roads", source="alarm"),
        rule("r", "roads", urgency="critical"),
        rule("r", "roads", condition="small"),
    ],
    ids=["category", "class", "area", "source", "urgency", "condition"],
)
def test_a_rule_that_asks_something_else_does_not_speak(other: Rule) -> None:
    assert verdict(other).lead is None
    assert verdict(other, ANYTHING).lead == "duty"


def test_a_rule_for_a_district_holds_in_all_its_streets() -> None:
    east = rule("r", "roads", area="east")
    assert [v.lead for v in engine(east).choose_many([facts(areas=path) for path in (EAST_1, EAST_2)])] == ["roads"] * 2
    assert verdict(east, areas=WEST_1).lead is None


# --- Faults of a book


def test_two_rules_that_ask_the_same_are_a_fault_and_not_a_lottery() -> None:
    assert faults(rule("a", "roads", category="pothole"), rule("b", "drains", category="pothole")) == {"rule-tie"}


def test_unknown_units_kinds_and_areas_are_found_all_at_once() -> None:
    book = (
        rule("a", "nobody"),
        rule("b", "@nothing", category="rubbish"),
        rule("c", "roads", area="moon"),
        rule("d", "roads", category="pothole", assist=("ghost",)),
        rule("e", "roads", category="dust"),
        rule("f", "roads", window="never"),
    )
    with pytest.raises(Invalid) as caught:
        book_of(*book, roster=ROSTER)
    assert [(f.code, f.hint) for f in caught.value.faults] == [
        ("unit-unknown", "nobody"),
        ("unit-unknown", "@nothing"),
        ("area-unknown", "moon"),
        ("unit-unknown", "ghost"),
        ("category-unknown", "dust"),
        ("window-unknown", "never"),
    ]


def test_a_kind_nobody_can_be_found_by_is_no_kind() -> None:
    """Whole-city units are named by their id; a rule for «@gas» could never hold, and nobody would notice."""
    assert faults(rule("a", "@")) == {"unit-unknown"}
    assert faults(rule("a", "@gas"), roster=Roster([Unit("gas", "燃气公司", "gas")])) == {"unit-unknown"}


# --- Units


def test_a_kind_means_the_unit_of_the_deepest_area_that_has_one() -> None:
    street = rule("r", "@street")
    assert verdict(street).lead == "street-1"
    assert verdict(street, areas=EAST_2).lead == "street-2"
    assert verdict(street, areas=("city", "east", "east-9")).lead == "east-office"


def test_where_the_kind_has_no_unit_the_next_rule_speaks() -> None:
    found = verdict(rule("r", "@street", category="pothole"), ANYTHING, areas=WEST_1)
    assert found.lead == "duty"
    assert found.passed_over == ("r: no unit @street answers for this area",)


def test_assistants_are_named_once_and_never_the_lead_itself() -> None:
    found = verdict(rule("r", "street-1", assist=("@street", "drains", "drains", "roads")))
    assert (found.lead, found.assist) == ("street-1", ("drains", "roads"))


def test_who_sent_the_case_back_is_passed_over_and_named() -> None:
    rules = (rule("r", "roads", category="pothole"), rule("s", "drains", category="class:01"), ANYTHING)
    found = verdict(*rules, refused_by=frozenset({"roads"}))
    assert found.lead == "drains"
    assert found.passed_over == ("r: roads sent this case back before", "any: less specific than s")


def test_when_all_have_refused_the_desk_decides() -> None:
    assert verdict(ANYTHING, refused_by=frozenset({"duty"})).lead is None


SURROUNDINGS = Surroundings(ROSTER, a_policy().calendar, Level.DISTRICT)


def test_the_facts_remember_the_lead_who_sent_back_and_not_its_assistants() -> None:
    story = a_story(State.DISPOSING, DRAINS)
    story.do(story.send_back(DRAINS)).do(story.send_back(ROADS))
    (said,) = SURROUNDINGS.facts_many([story.case], story.case.updated_at)
    assert (said.refused_by, said.sent_back) == ({ROADS}, 1)


def test_the_facts_are_those_of_the_case() -> None:
    case = a_story(State.PENDING_DISPATCH).case
    (said,) = SURROUNDINGS.facts_many([case], case.updated_at)
    assert said == Facts(
        case.updated_at.astimezone(SURROUNDINGS.calendar.zone).date(),
        ("class:01", "gbt:event:01001"),
        a_place().path,
        "hotline",
        "normal",
        "gbt:event:01001/1",
    )


# --- Explanations


def test_the_verdict_names_its_rule_its_book_and_what_the_rule_asked() -> None:
    found = verdict(rule("r-12", "roads", category="pothole", area="east"), ANYTHING)
    assert (found.rule, found.rulebook) == ("r-12", "book-7")
    assert found.reason == "rule r-12: category pothole, area east"
    assert found.passed_over == ("any: less specific than r-12",)
    assert verdict(ANYTHING).reason == "rule any: holds always"


def test_no_match_is_a_verdict_that_says_why() -> None:
    found = verdict(rule("r", "roads", area="west"), rule("u", "roads", urgency="critical"))
    assert (found.lead, found.assist, found.rule, found.rulebook) == (None, (), "", "book-7")
    assert "duty desk" in found.reason
    assert found.passed_over == ("u: urgency is normal, not critical",)
    assert found.changes == ("urgency critical: u, roads",)


def test_an_empty_book_leaves_everything_to_the_desk() -> None:
    assert verdict().lead is None


# --- For any book

ANY_OR = {
    "category": ["pothole", "rubbish", "pothole|rubbish", "class:01", "class:02"],
    "area": [*AREAS.depths, "east-1|west"],
    "source": ["hotline", "alarm", "hotline|alarm"],
    "urgency": ["normal", "critical"],
    "condition": ["deep", "small"],
    "tag": ["school", "night market"],
}
ASKS = st.fixed_dictionaries({}, optional={name: st.sampled_from(values) for name, values in ANY_OR.items()})
LEADS = st.sampled_from(["roads", "drains", "duty", "@street", "roads|@street"])
DRAWN = st.lists(st.tuples(ASKS, LEADS), max_size=12, unique_by=lambda pair: tuple(sorted(pair[0].items()))).map(
    lambda pairs: [rule(f"r{n}", lead, **asks) for n, (asks, lead) in enumerate(pairs)]
)


def untied(rules: list[Rule]) -> list[Rule]:
    """The rules that can stand in one book with those before them."""
    kept: list[Rule] = []
    for one in rules:
        try:
            book_of(*kept, one, roster=ROSTER)
        except Invalid:
            continue
        kept.append(one)
    return kept


BOOKS = DRAWN.map(untied)
FACTS = st.builds(
    facts,
    category=st.sampled_from(["pothole", "kerb", "rubbish", ""]),
    areas=st.sampled_from([EAST_1, EAST_2, WEST_1, ("city",), ()]),
    source=st.sampled_from(["hotline", "alarm", "inspector"]),
    urgency=st.sampled_from(["normal", "critical"]),
    condition=st.sampled_from(["deep", ""]),
    tags=st.frozensets(st.sampled_from(["school", "night market"])),
    refused_by=st.frozensets(st.sampled_from(["roads", "duty", "street-1"])),
)


def holds(one: Rule, case: Facts) -> bool:
    """The meaning of a rule, written down a second time."""
    return (
        (not one.category or not one.category.isdisjoint(case.categories))
        and (not one.area or not one.area.isdisjoint(case.areas))
        and (not one.source or case.source in one.source)
        and (not one.urgency or case.urgency in one.urgency)
        and (not one.condition or case.condition in one.condition)
        and (not one.tag or bool(one.tag & case.tags))
        and bool(able(one, case))
    )


def able(one: Rule, case: Facts) -> list[str]:
    units = [ROSTER.resolve(name, case.areas, case.day) for name in one.lead]
    return [unit for unit in units if unit is not None and unit not in case.refused_by]


@given(BOOKS, FACTS, st.randoms())
def test_the_order_of_the_book_never_decides(book: list[Rule], case: Facts, shuffle: Any) -> None:
    (before,) = engine(*book).choose_many([case])
    shuffle.shuffle(book)
    (after,) = engine(*book).choose_many([case])
    assert after == before


@given(BOOKS, FACTS)
def test_a_rule_is_chosen_exactly_when_one_holds_and_then_it_is_one_that_holds(book: list[Rule], case: Facts) -> None:
    (found,) = engine(*book).choose_many([case])
    speaking = {one.id: one for one in book if holds(one, case)}
    assert (found.lead is not None) == bool(speaking)
    if found.lead is not None:
        assert [found.lead, *found.choice[1:]] == able(speaking[found.rule], case)
    assert len(found.passed_over) <= 3


@given(BOOKS, st.lists(FACTS, max_size=8))
def test_each_case_is_judged_for_itself_and_like_cases_alike(book: list[Rule], cases: list[Facts]) -> None:
    judge = engine(*book)
    together = judge.choose_many([*cases, *cases])
    assert together == [engine(*book).choose_many([case])[0] for case in [*cases, *cases]]
