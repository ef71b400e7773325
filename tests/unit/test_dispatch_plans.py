"""Emergency plans (预案): which one a case starts by itself, and which units it means where the case is."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.plans import plans_for, resolve_plan
from dispatch.roster import Roster, Unit
from domain.case import Case, State
from domain.catalogue import Urgency
from domain.clock import Limit, TimeUnit
from domain.place import Level
from domain.plan import Activation, Alert, Plan, Share
from domain.task import Part
from tests.build import MONDAY, a_case, a_category

EAST_1, EAST_2, WEST = ("city", "east", "east-1"), ("city", "east", "east-2"), ("city", "west")
ROSTER = Roster(
    [
        Unit("fire", "消防"),
        Unit("gas", "燃气公司"),
        Unit("east-centre", "东区中心", "district-command", ("east",)),
        Unit("street-1", "东一街道", "street-office", ("east-1",)),
    ]
)
TEN, THIRTY = Limit(10, TimeUnit.MINUTE), Limit(30, TimeUnit.MINUTE)
ALERT = Alert("燃气泄漏", "Safety", "Immediate", "Severe", "Likely", "请勿靠近")
GAS_LEAK = Plan(
    "gas-leak",
    "燃气泄漏",
    (
        Share("fire", Part.LEAD, TEN),
        Share("gas", Part.ASSIST, TEN),
        Share("@street-office", Part.ASSIST, THIRTY),
        Share("@district-command", Part.ASSIST, THIRTY, required=False),
    ),
    levels=(Level.DISTRICT, Level.CITY),
    alert=ALERT,
)


def units(activation: Activation | None) -> list[tuple[str, str]]:
    assert activation is not None
    return [(share.unit, share.part) for share in activation.shares]


# --- Who is called


def test_a_gas_leak_calls_the_units_of_the_place_with_their_minutes() -> None:
    started = resolve_plan(GAS_LEAK, EAST_1, MONDAY, ROSTER)

    assert started == Activation(
        "gas-leak",
        "燃气泄漏",
        (
            Share("fire", Part.LEAD, TEN),
            Share("gas", Part.ASSIST, TEN),
            Share("street-1", Part.ASSIST, THIRTY),
            Share("east-centre", Part.ASSIST, THIRTY, required=False),
        ),
        (Level.DISTRICT, Level.CITY),
        ALERT,
        MONDAY,
    )


def test_where_a_street_has_no_office_the_others_go_and_the_gap_is_named() -> None:
    assert [unit for unit, _ in units(resolve_plan(GAS_LEAK, EAST_2, MONDAY, ROSTER))] == ["fire", "gas", "east-centre"]


def test_without_a_lead_there_is_no_plan() -> None:
    local = replace(GAS_LEAK, shares=(Share("@street-office", Part.LEAD, TEN), Share("fire", Part.ASSIST, TEN)))
    assert resolve_plan(local, EAST_2, MONDAY, ROSTER) is None
    assert resolve_plan(replace(local, shares=()), EAST_1, MONDAY, ROSTER) is None
    assert units(resolve_plan(local, EAST_1, MONDAY, ROSTER)) == [("street-1", "lead"), ("fire", "assist")]


def test_a_unit_named_twice_is_called_once_and_rather_as_the_lead() -> None:
    twice = replace(GAS_LEAK, shares=(Share("@street-office", Part.ASSIST, THIRTY), Share("street-1", Part.LEAD, TEN)))
    started = resolve_plan(twice, EAST_1, MONDAY, ROSTER)
    assert started is not None
    assert started.shares == (Share("street-1", Part.LEAD, TEN),)


def test_a_case_has_one_lead_and_a_plan_with_two_names_a_stand_in() -> None:
    stand_in = replace(
        GAS_LEAK, shares=(Share("@street-office", Part.LEAD, TEN), Share("@district-command", Part.LEAD, TEN))
    )
    assert units(resolve_plan(stand_in, EAST_1, MONDAY, ROSTER)) == [("street-1", "lead"), ("east-centre", "assist")]
    assert units(resolve_plan(stand_in, EAST_2, MONDAY, ROSTER)) == [("east-centre", "lead")]


@given(
    st.lists(
        st.builds(
            Share,
            st.sampled_from(["fire", "gas", "street-1", "@street-office", "@district-command"]),
            st.sampled_from([Part.LEAD, Part.ASSIST]),
            st.sampled_from([TEN, THIRTY]),
            st.booleans(),
        ),
        max_size=6,
    ),
    st.sampled_from([EAST_1, EAST_2, WEST, ()]),
)
def test_a_started_plan_has_one_lead_and_every_unit_that_can_be_found_once(
    shares: list[Share], areas: tuple[str, ...]
) -> None:
    plan = replace(GAS_LEAK, shares=tuple(shares))
    leads = {ROSTER.resolve(share.unit, areas, MONDAY.date()) for share in shares if share.part is Part.LEAD} - {None}
    started = resolve_plan(plan, areas, MONDAY, ROSTER)
    assert (started is not None) == bool(leads)
    if started is not None:
        named = [share.unit for share in started.shares]
        assert [share.unit for share in started.shares if share.part is Part.LEAD] == named[:1]
        assert named[0] in leads
        assert len(set(named)) == len(named)
        assert set(named) == {ROSTER.resolve(share.unit, areas, MONDAY.date()) for share in shares} - {None}


# --- Which plan


def a_leak(urgency: Urgency = Urgency.CRITICAL, **changes: Any) -> Case:
    leak = replace(a_case(State.PENDING_DISPATCH), category=a_category("01011"), urgency=urgency)
    return replace(leak, **changes)


def plan(name: str, *categories: str, urgency: Urgency = Urgency.CRITICAL) -> Plan:
    return replace(GAS_LEAK, id=name, categories=frozenset(categories), urgency=urgency)


def test_a_critical_leak_starts_the_plan_for_it_and_an_ordinary_one_does_not() -> None:
    leak = plan("leak", "gbt:event:01011")
    assert plans_for(a_leak(), [leak]) == (leak,)
    assert plans_for(a_leak(Urgency.URGENT), [leak]) == ()
    assert plans_for(a_leak(category=None), [leak]) == ()
    assert plans_for(a_leak(category=a_category("01012")), [leak]) == ()


def test_a_plan_by_command_only_never_starts_itself() -> None:
    assert plans_for(a_leak(), [GAS_LEAK]) == ()


PLANS = [
    plan("leak-critical", "gbt:event:01011"),
    plan("leak-urgent", "gbt:event:01011", "class:01", urgency=Urgency.URGENT),
    plan("class-critical", "class:01"),
    plan("class-urgent-a", "class:01", urgency=Urgency.URGENT),
    plan("class-urgent-b", "class:01", urgency=Urgency.URGENT),
]


@given(st.permutations(PLANS))
def test_the_most_particular_plan_is_first_whatever_the_order_of_the_pack(pack: list[Plan]) -> None:
    assert list(plans_for(a_leak(), pack)) == PLANS
    assert [p.id for p in plans_for(a_leak(Urgency.URGENT), pack)] == [
        "leak-urgent",
        "class-urgent-a",
        "class-urgent-b",
    ]


@pytest.mark.parametrize("under_way", ["leak", "flood"])
def test_a_case_with_a_plan_under_way_starts_no_other(under_way: str) -> None:
    """A lead who sends it back would otherwise be called by the same plan again, without end."""
    assert plans_for(a_leak(plan=Activation(under_way, "", ())), [plan("leak", "gbt:event:01011")]) == ()
