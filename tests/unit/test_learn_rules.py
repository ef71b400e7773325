"""Rules learnt from old cases: few, readable, and as good as they say."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.decision_list import Demand, Learnt, learn_rules, wilson
from dispatch.engine import Engine
from dispatch.history import Past, by_heirs, heirs
from dispatch.learn import as_rule, propose, says
from dispatch.rules import Rule
from tests.history import CLASS_OF, FIRST, ROSTER, STREETS, book, cases, past, stalls_everywhere
from tests.rulebook import rule


def learnt(history: list[Past], worth: int = 3, sure: float = 0.0) -> dict[tuple[str, str], Learnt]:
    rules = learn_rules(by_heirs(history, ROSTER), ROSTER, Demand(worth, sure))
    return {(one.category, one.area): one for one in rules}


def test_one_rule_for_a_kind_stands_for_one_in_every_street() -> None:
    found = learnt(stalls_everywhere())
    assert {one.lead for one in found.values()} == {"@patrol"}
    assert len(found) == 1


def test_an_exception_is_learnt_where_one_street_does_it_otherwise() -> None:
    found = learnt([*stalls_everywhere(), *cases("lamp", "north", "lights", 9), *cases("lamp", "south", "roads", 5)])
    assert Engine(book([as_rule(one, n) for n, one in enumerate(found.values())])).choose_many(
        [past("lamp", "south", "").facts]
    )[0].lead == ("roads")
    assert sum(one.right for one in found.values()) == 44


def test_three_cases_of_another_unit_are_worth_a_rule_and_two_are_not() -> None:
    usual = cases("lamp", "north", "lights", 20)
    assert len(learnt([*usual, *cases("cover", "north", "drains", 2)])) == 1
    assert len(learnt([*usual, *cases("cover", "north", "drains", 3)])) == 2


def test_a_rule_says_how_often_it_was_right_and_who_had_the_others() -> None:
    (one,) = learnt(
        [*cases("lamp", "north", "lights", 9), past("lamp", "north", "drains"), past("lamp", "north", "roads")]
    ).values()
    assert (one.cases, one.right, one.instead) == (11, 9, (("drains", 1), ("roads", 1)))
    assert says(one) == "9 of 11 (82%, at least 57%); else drains 1, roads 1"


def test_send_backs_speak_against_a_unit() -> None:
    sent = cases("lamp", "north", "lights", 6, sent_back=True)
    (one,) = learnt([*cases("lamp", "north", "lights", 7), *sent, *cases("lamp", "north", "drains", 5)]).values()
    assert one.lead == "drains"
    (kept,) = learnt([*cases("lamp", "north", "lights", 9), *sent[:2]]).values()
    assert (kept.lead, kept.sent_back, round(kept.confidence, 2)) == ("lights", 2, 0.82)


def test_a_demand_for_sureness_leaves_out_what_people_did_not_agree_on() -> None:
    mixed = [*cases("lamp", "north", "lights", 12), *cases("lamp", "north", "drains", 11)]
    clear = cases("stall", "north", "roads", 30)
    assert {one.category for one in learnt([*mixed, *clear]).values()} >= {"class:02"} or len(mixed) == 0
    assert {one.lead for one in learnt([*mixed, *clear], sure=0.8).values()} == {"roads"}


def test_the_work_of_a_unit_that_was_renamed_is_its_successors() -> None:
    renamed = [*cases("cover", "north", "old-roads", 5), *cases("cover", "north", "roads", 2)]
    (one,) = learnt(renamed).values()
    assert (one.lead, one.right) == ("roads", 7)
    assert heirs(ROSTER)["old-roads"] == "roads"


HISTORIES = st.lists(
    st.builds(
        past,
        st.sampled_from(sorted(CLASS_OF)),
        st.sampled_from(STREETS),
        st.sampled_from(["lights", "drains", *(f"patrol-{street}" for street in STREETS)]),
        sent_back=st.booleans(),
        day=st.integers(0, 30),
    ),
    max_size=60,
)


@settings(max_examples=60, deadline=None)
@given(HISTORIES, st.integers(1, 4), st.sampled_from([0.0, 0.5, 0.8]))
def test_in_the_rulebook_the_rules_decide_exactly_as_they_said(history: list[Past], worth: int, sure: float) -> None:
    found = learn_rules(history, ROSTER, Demand(worth, sure))
    engine = Engine(book([as_rule(one, n) for n, one in enumerate(found)]))
    verdicts = engine.choose_many([one.facts for one in history])
    ruled = [(v, one) for v, one in zip(verdicts, history, strict=True) if v.rule]
    kept = [v.lead == one.unit for v, one in ruled if not one.sent_back]
    assert (sum(one.cases for one in found), sum(one.right for one in found)) == (len(kept), sum(kept))
    assert sum(one.sent_back for one in found) == sum(v.lead == one.unit for v, one in ruled if one.sent_back)
    assert all(one.at_least >= sure for one in found)


@settings(max_examples=40, deadline=None)
@given(HISTORIES, st.integers(1, 4))
def test_without_any_one_of_the_rules_fewer_cases_go_right(history: list[Past], worth: int) -> None:
    rules = [as_rule(one, n) for n, one in enumerate(learn_rules(history, ROSTER, Demand(worth)))]

    def right(kept: list[Rule]) -> int:
        verdicts = Engine(book(kept)).choose_many([one.facts for one in history])
        same = [one for verdict, one in zip(verdicts, history, strict=True) if verdict.lead == one.unit]
        return sum(-1 if one.sent_back else 1 for one in same)

    for left_out in rules:
        assert right(rules) - right([one for one in rules if one is not left_out]) >= worth


@given(st.integers(0, 200), st.integers(1, 200))
def test_the_share_that_is_at_least_there_is_below_the_one_seen_and_grows_with_evidence(right: int, wrong: int) -> None:
    of = right + wrong
    assert 0 <= wilson(right, of) <= right / of
    assert wilson(10 * right, 10 * of) >= wilson(right, of)
    assert wilson(0, 0) == 0


# --- Proposals


def test_only_what_the_rulebook_does_worse_is_proposed_with_the_rule_that_does_it() -> None:
    today = book([rule("r1", "drains", category="lamp"), rule("r2", "@patrol", category="stall")])
    history = [*stalls_everywhere(), *cases("lamp", "north", "lights", 8), past("lamp", "north", "drains", day=9)]
    (one,) = propose(history, today, Demand())
    assert (one.learnt.lead, one.today, one.gain, one.by) == ("lights", 1, 7, (("r1", 9),))
    assert [(example.unit, example.day) for example in one.examples] == [("drains", FIRST.replace(day=11))]


def test_a_rulebook_that_decides_as_people_do_hears_nothing() -> None:
    assert propose(stalls_everywhere(), book([rule("r", "@patrol", category="stall")]), Demand()) == []


def test_nothing_is_applied() -> None:
    today = book([])
    propose(stalls_everywhere(), today, Demand())
    assert today.rules == ()
    assert replace(as_rule(learnt(stalls_everywhere()).popitem()[1], 1), note="").lead == ("@patrol",)
