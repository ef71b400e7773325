"""A rulebook proves itself before it is used: holes, dead rules, work sent too low, units nobody reaches."""

from datetime import date, timedelta
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from dispatch.cells import NOBODY, Sheet
from dispatch.check import Finding, Office, Trouble, check
from dispatch.engine import Engine
from dispatch.facts import Facts
from dispatch.roster import Roster, Unit
from dispatch.rulebook import Rulebook
from dispatch.rules import Rule, Validity
from domain.errors import Invalid
from domain.place import Level
from tests.rulebook import AREAS, CATEGORIES, CLASS_OF, DAY, EAST_1, EAST_2, WEST_1, book_of, facts, rule

ROSTER = Roster(
    [
        Unit("roads", "市政", phone="1"),
        Unit("drains", "排水", phone="1"),
        Unit("street-1", "东一街道", "street", ("east-1",), phone="1", level=Level.STREET),
        Unit("village-1", "东一社区", "village", ("east-1",), phone="1", level=Level.COMMUNITY),
        Unit("old", "旧公司", phone="1", valid=Validity(last=DAY - timedelta(days=1))),
        Unit("ghost", "无人单位"),
    ]
)


def troubles(*rules: Rule, office: Office | None = None, day: date = DAY, fallback: str = "") -> list[Finding]:
    return check(book_of(*rules, roster=ROSTER, fallback=fallback), day, office or Office())


def only(trouble: Trouble, findings: list[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.trouble is trouble]


def test_a_book_that_covers_everything_has_nothing_to_tell() -> None:
    assert troubles(rule("all", "roads"), rule("wet", "drains", category="kerb", urgency="critical")) == []


def test_holes_are_told_by_the_fewest_names_and_not_cell_by_cell() -> None:
    found = only(Trouble.UNCOVERED, troubles(rule("r", "roads", category="pothole", area="east")))
    assert {(one.categories, one.areas, one.cells) for one in found} == {
        (("pothole",), ("west",), 1),
        (("kerb", "class:02"), ("",), 6),
    }


def test_a_rule_for_emergencies_alone_leaves_ordinary_cases_uncovered() -> None:
    (found,) = only(Trouble.UNCOVERED, troubles(rule("r", "roads", urgency="critical"), fallback="roads"))
    assert (found.categories, found.areas) == (("",), ("",))
    assert found.remedy.startswith("roads has them as the fallback")


def test_a_kind_of_unit_covers_only_the_areas_that_have_one() -> None:
    found = only(Trouble.UNCOVERED, troubles(rule("r", "@street")))
    assert [one.areas for one in found] == [("east-2", "west")]


def test_a_rule_that_stronger_ones_leave_nothing_is_dead_and_they_are_named() -> None:
    book = [
        rule("class", "roads", category="class:01"),
        rule("pothole", "drains", category="pothole"),
        rule("kerb", "drains", category="kerb"),
        rule("rest", "roads", category="class:02"),
    ]
    (found,) = troubles(*book)
    assert (found.trouble, found.rules) == (Trouble.DEAD, ("class", "pothole", "kerb"))


def test_a_rule_for_a_circumstance_is_dead_under_a_more_particular_one_that_asks_less() -> None:
    book = [
        rule("all", "roads"),
        rule("night", "drains", urgency="critical", category="class:01"),
        rule("pothole", "drains", category="pothole|kerb", urgency="critical|normal"),
    ]
    (found,) = only(Trouble.DEAD, troubles(*book))
    assert found.rules == ("night", "pothole")


def test_departmental_work_is_not_led_by_the_grass_roots() -> None:
    """国办函〔2025〕66号 (五): what is a department's is not sent down to a community."""
    book = [
        rule("all", "roads"),
        rule("litter", "village-1", category="rubbish"),
        rule("roads", "@street", area="east-1"),
    ]
    (found,) = only(Trouble.TOO_LOW, troubles(*book))
    assert (found.rules, found.units, found.categories) == (("litter",), ("village-1",), ("rubbish",))
    assert not only(Trouble.TOO_LOW, troubles(*book, office=Office(theirs=frozenset({"rubbish"}))))
    low = only(Trouble.TOO_LOW, troubles(*book, office=Office(grassroots=frozenset({"street"}))))
    assert {one.rules for one in low} == {("litter",), ("roads",)}


def test_units_nobody_can_reach_and_units_that_have_ended_are_told_with_their_rules() -> None:
    book = [rule("all", "roads"), rule("a", "ghost", category="kerb"), rule("b", "old", category="rubbish")]
    told = {one.trouble: (one.rules, one.units) for one in troubles(*book, office=Office(reachable={"roads"}))}
    assert told[Trouble.UNREACHABLE] == (("a",), ("ghost",))
    assert told[Trouble.NO_UNIT] == (("b",), ("old",))
    assert Trouble.UNREACHABLE not in {one.trouble for one in troubles(*book, office=Office(reachable={"ghost"}))}


def test_exceptions_are_told_before_they_end_and_rules_whose_time_is_over_after() -> None:
    ends = rule("ends", "drains", category="kerb", exception=True, valid=Validity(last=DAY + timedelta(days=3)))
    later = rule("later", "drains", category="rubbish", valid=Validity(first=DAY + timedelta(days=30)))
    told = {one.trouble: one.rules for one in troubles(rule("all", "roads"), ends, later)}
    assert told == {Trouble.ENDS_SOON: ("ends",), Trouble.NOT_VALID: ("later",)}


# --- The check and the engine mean the same

ASKS = st.fixed_dictionaries(
    {},
    optional={
        "category": st.sampled_from(["pothole", "rubbish", "pothole|rubbish", "class:01"]),
        "area": st.sampled_from([*AREAS.depths, "east-1|west"]),
        "urgency": st.sampled_from(["normal", "critical", "normal|critical"]),
        "source": st.sampled_from(["hotline", "alarm"]),
        "sent_back": st.sampled_from([1, 2]),
    },
)
BOOKS = st.lists(st.tuples(ASKS, st.sampled_from(["roads", "drains", "@street", "old"])), max_size=7)
PATHS = {path[-1]: path for path in (EAST_1, EAST_2, WEST_1)}
WORLD = [
    facts(category, areas=PATHS[area], urgency=urgency, source=source, sent_back=back, condition="")
    for category, area, urgency, source, back in product(
        CLASS_OF, PATHS, ("normal", "critical", ""), ("hotline", "alarm", ""), (0, 1, 2)
    )
]


def drawn(rows: list[tuple[dict[str, object], str]]) -> Rulebook:
    kept: list[Rule] = []
    for n, (asks, lead) in enumerate(rows):
        try:
            book_of(*kept, one := rule(f"r{n}", lead, **asks), roster=ROSTER)
        except Invalid:
            continue
        kept.append(one)
    return book_of(*kept, roster=ROSTER)


@given(BOOKS.map(drawn))
def test_a_cell_is_painted_by_the_rule_that_decides_it_when_nothing_else_is_known(book: Rulebook) -> None:
    sheet, engine = Sheet.paint(book, DAY), Engine(book)
    for category, area in product(CLASS_OF, PATHS):
        at = sheet.deciding[CATEGORIES.leaves.index(category), AREAS.leaves.index(area)]
        case = Facts(DAY, (CLASS_OF[category], category), PATHS[area])
        (verdict,) = engine.choose_many([case])
        assert verdict.rule == ("" if at == NOBODY else book.rules[at].id)


@given(BOOKS.map(drawn))
def test_a_dead_rule_never_decides_and_a_rule_that_never_could_be_heard_is_dead(book: Rulebook) -> None:
    dead = {one.rules[0] for one in check(book, DAY, Office()) if one.trouble is Trouble.DEAD}
    deciding = {verdict.rule for verdict in Engine(book).choose_many(WORLD)}
    assert dead.isdisjoint(deciding)
    plain = {one.id for one in book.rules if not (one.urgency or one.source or one.sent_back)}
    assert plain - dead <= deciding


@given(BOOKS.map(drawn), st.sampled_from(WORLD))
def test_holes_are_where_no_plain_rule_decides(book: Rulebook, case: Facts) -> None:
    sheet = Sheet.paint(book, DAY)
    holes = sum(one.cells for one in check(book, DAY, Office()) if one.trouble is Trouble.UNCOVERED)
    assert holes == int((sheet.deciding == NOBODY).sum())
    at = sheet.deciding[CATEGORIES.leaves.index(case.categories[-1]), AREAS.leaves.index(case.areas[-1])]
    if at != NOBODY:
        assert Engine(book).choose_many([case])[0].rule
