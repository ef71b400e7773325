"""Another rulebook is tried on what has happened: who would have had a case, and which send-backs it would spare."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from dispatch.engine import Engine
from dispatch.roster import Roster, Unit
from dispatch.simulate import NOBODY, Change, Past, Simulation
from tests.rulebook import EAST_1, EAST_2, WEST_1, book_of, facts, rule

UNITS = ("roads", "drains", "parks")
ROSTER = Roster([Unit(name, name) for name in UNITS])


def engine(*rules: object) -> Engine:
    return Engine(book_of(*rules, roster=ROSTER))  # type: ignore[arg-type]


def replayed(past: list[Past], before: Engine, after: Engine, most: int = 1000) -> Simulation:
    found = Simulation(most)
    found.replay(past, before, after)
    return found


POTHOLES_TO_ROADS = engine(rule("all", "roads", category="pothole"))
EAST_TO_DRAINS = engine(
    rule("all", "roads", category="pothole"), rule("east", "drains", category="pothole", area="east")
)


def test_a_new_rule_moves_the_cases_it_asks_for_and_no_others() -> None:
    past = [Past("1", facts()), Past("2", facts(areas=WEST_1)), Past("3", facts("rubbish"))]
    found = replayed(past, POTHOLES_TO_ROADS, EAST_TO_DRAINS)
    assert (found.cases, found.changed) == (3, 1)
    assert found.moves == {("roads", "drains", "all", "east"): 1}
    assert found.changes == [Change("1", "roads", "drains", "all", "east")]
    assert found.load["before"] == {"roads": 2, NOBODY: 1}
    assert found.load["after"] == {"roads": 1, "drains": 1, NOBODY: 1}


def test_a_send_back_would_not_have_been_if_the_case_goes_at_once_to_who_kept_it() -> None:
    past = [Past("1", facts(), ("roads", "parks"), "drains"), Past("2", facts(areas=EAST_2), ("roads",), "parks")]
    found = replayed(past, POTHOLES_TO_ROADS, EAST_TO_DRAINS)
    assert (found.send_backs, found.avoided, found.repeated) == (3, 2, 0)


def test_a_rulebook_that_names_who_sent_it_back_is_told_so() -> None:
    found = replayed([Past("1", facts(), ("drains",), "roads")], POTHOLES_TO_ROADS, EAST_TO_DRAINS)
    assert (found.avoided, found.repeated) == (0, 1)


def test_what_was_right_already_is_nobodys_merit() -> None:
    found = replayed([Past("1", facts(areas=WEST_1), ("parks",), "roads")], POTHOLES_TO_ROADS, EAST_TO_DRAINS)
    assert (found.changed, found.avoided) == (0, 0)


def test_assisting_counts_apart_from_leading() -> None:
    after = engine(rule("all", "roads", category="pothole", assist=("drains", "parks")))
    found = replayed([Past("1", facts())], POTHOLES_TO_ROADS, after)
    assert found.changed == 0
    assert found.assisting == {"before": {}, "after": {"drains": 1, "parks": 1}}
    assert found.units() == ["drains", "parks", "roads"]


def test_the_list_of_changes_is_bounded_and_the_counts_are_not() -> None:
    past = [Past(str(n), facts()) for n in range(20)]
    found = replayed(past, POTHOLES_TO_ROADS, EAST_TO_DRAINS, most=3)
    assert [change.no for change in found.changes] == ["0", "1", "2"]
    assert found.changed == 20


PLACES = st.sampled_from((EAST_1, EAST_2, WEST_1))
CASES = st.builds(
    lambda n, areas, category, refused, kept: Past(str(n), facts(category, areas=areas), tuple(refused), kept),
    st.integers(0, 99),
    PLACES,
    st.sampled_from(("pothole", "kerb", "rubbish")),
    st.lists(st.sampled_from(UNITS), max_size=3),
    st.sampled_from(("", *UNITS)),
)
BOOKS = st.builds(
    lambda east, rest: engine(rule("rest", rest), rule("east", east, area="east")),
    st.sampled_from(UNITS),
    st.sampled_from(UNITS),
)


@given(st.lists(CASES, max_size=30), BOOKS, BOOKS)
def test_every_case_is_counted_once_on_either_side(past: list[Past], before: Engine, after: Engine) -> None:
    found = replayed(past, before, after)
    assert found.load["before"].total() == found.load["after"].total() == found.cases == len(past)
    gone, come = Counter[str](), Counter[str]()
    for (old, new, _, _), cases in found.moves.items():
        gone[old] += cases
        come[new] += cases
    for unit in UNITS:
        assert found.load["before"][unit] - gone[unit] + come[unit] == found.load["after"][unit]
    assert found.avoided + found.repeated <= found.send_backs


@given(st.lists(CASES, max_size=30), BOOKS)
def test_the_same_rulebook_changes_nothing(past: list[Past], book: Engine) -> None:
    found = replayed(past, book, book)
    assert (found.changed, found.avoided, found.changes) == (0, 0, [])


@given(st.lists(CASES, max_size=30), BOOKS, BOOKS, st.integers(0, 30))
def test_batches_make_no_difference(past: list[Past], before: Engine, after: Engine, at: int) -> None:
    parts = Simulation()
    parts.replay(past[:at], before, after)
    parts.replay(past[at:], before, after)
    assert parts == replayed(past, before, after)
