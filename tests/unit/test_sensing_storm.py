"""Five hundred drains in a cloudburst are one incident; two pumps at two ends of the city are two."""

import random
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.device import Device
from sensing.rules import Silence, Threshold
from sensing.signal import Change, Signal
from sensing.storm import Incident, Key, Outcome, Reach, Turn, Witness, joined, witness

T0 = 1_763_769_600_000
REACH = Reach(300, 1800)
METRE = 1 / 111_320


def stands(
    name: str, metres: float = 0, seconds: float = 0, *, level: int = 3, cause: str = "rain", links: Sequence[str] = ()
) -> Witness:
    """An alarm so many metres north of the first device and so many seconds after it."""
    at = T0 + round(seconds * 1000)
    return Witness((name, f"rule-{level}", at), "water", cause, level, at, 113.9, 27.9 + metres * METRE, tuple(links))


def join(near: Sequence[Incident], raised: Sequence[Witness], cleared: Sequence[tuple[Key, int]] = ()) -> Outcome:
    return joined(near, raised, cleared, {"wide": Reach(5000, 1800)}, REACH)


def turns(outcome: Outcome) -> list[Turn]:
    return [change.turn for change in outcome.changes]


def test_a_cloudburst_over_five_hundred_drains_is_one_incident() -> None:
    dice = random.Random(1)
    drains = [stands(f"d{n}", dice.uniform(0, 20_000), dice.uniform(0, 60)) for n in range(500)]
    outcome = join([], drains)
    assert turns(outcome) == [Turn.OPENED]
    assert len(outcome.incidents[0].witnesses) == 500


def test_near_is_a_chain_of_short_ways() -> None:
    chain = [stands(f"d{n}", n * 299) for n in range(20)]
    apart = stands("far", 19 * 299 + 301)
    assert sorted(len(one.witnesses) for one in join([], [*chain, apart]).incidents) == [1, 20]


def test_one_network_reaches_any_distance_and_a_gateway_joins_the_silent() -> None:
    far = [stands("a", links=["network:7"]), stands("b", 9_000, links=["network:7"]), stands("c", 9_000, cause="fire")]
    assert sorted(sorted(one.devices) for one in join([], far).incidents) == [["a", "b"], ["c"]]
    signal = Signal("a", "q", Change.RAISED, 3, T0, T0, 0, "")
    device = Device("a", "lamp", "gw-1", network="f-2")
    assert witness(signal, Silence(id="q", kind="lamp", after_s=1), device).links == ("network:f-2", "gateway:gw-1")
    high = Threshold(id="q", kind="lamp", raise_at=1, clear_at=1, alarm="x", cause="rain")
    assert (witness(signal, high, device).links, witness(signal, high, device).cause) == (("network:f-2",), "rain")


def test_causes_have_their_own_reach() -> None:
    apart = [stands("a", cause="wide"), stands("b", 4_900, cause="wide"), stands("c", cause="narrow")]
    assert len(join([], [*apart, stands("d", 4_900, cause="narrow")]).incidents) == 3


def test_a_device_whose_place_is_unknown_stands_alone_or_on_its_network() -> None:
    lost = Witness(("x", "r", T0), "water", "rain", 3, T0, float("nan"), float("nan"), ("network:7",))
    assert len(join([], [lost, stands("a")]).incidents) == 2
    assert len(join([], [lost, stands("a", links=["network:7"])]).incidents) == 1


def test_an_incident_grows_climbs_shrinks_and_recovers() -> None:
    first = join([], [stands("a")])
    grown = join(first.incidents, [stands("b", 100, 60)])
    assert turns(grown) == [Turn.GREW]
    climbed = join(grown.incidents, [stands("a", 0, 7200, level=1)])
    assert turns(climbed) == [Turn.GREW, Turn.CLIMBED], "the same device belongs to it however late"
    assert climbed.incidents[0].level == 1
    assert climbed.incidents[0].id == first.incidents[0].id
    keys = list(climbed.incidents[0].witnesses)
    less = join(climbed.incidents, [], [(keys[0], T0 + 8_000_000)])
    assert turns(less) == [Turn.SHRANK]
    over = join(less.incidents, [], [(key, T0 + 9_000_000) for key in keys[1:]])
    assert turns(over) == [Turn.RECOVERED]
    assert over.incidents == ()
    assert {one.key for one in over.changes[0].witnesses} == set(keys[1:])


def test_what_comes_long_after_is_another_incident() -> None:
    first = join([], [stands("a")])
    assert turns(join(first.incidents, [stands("b", 10, 1801)])) == [Turn.OPENED]
    assert turns(join([], [stands("a"), stands("b", 10, 1801)])) == [Turn.OPENED, Turn.OPENED]


def test_an_alarm_between_two_incidents_makes_them_one_the_older() -> None:
    apart = join([], [stands("a"), stands("b", 500, 60)])
    assert len(apart.incidents) == 2
    outcome = join(apart.incidents, [stands("c", 250, 120)])
    assert turns(outcome) == [Turn.ABSORBED, Turn.GREW]
    assert outcome.changes[0].into == outcome.incidents[0].id == apart.incidents[0].id
    assert outcome.incidents[0].devices == {"a", "b", "c"}


def test_what_is_known_and_what_is_not_changes_nothing() -> None:
    first = join([], [stands("a")])
    again = join(first.incidents, [stands("a")], [(("nobody", "rule", T0), T0)])
    assert again.changes == ()
    assert again.incidents == first.incidents


def test_raised_and_ended_in_one_batch_is_told_as_both() -> None:
    one = stands("a")
    assert turns(join([], [one], [(one.key, T0 + 1000)])) == [Turn.OPENED, Turn.RECOVERED]


ALARMS = st.lists(
    st.tuples(st.integers(0, 30), st.integers(0, 8), st.integers(0, 60), st.sampled_from(["rain", "wide", "fire"])),
    max_size=25,
    unique_by=lambda one: one[0],
)


@settings(max_examples=200, deadline=None)
@given(alarms=ALARMS, cut=st.integers(0, 25), order=st.randoms(use_true_random=False))
def test_the_same_alarms_come_to_the_same_incidents_in_any_order_and_batches(
    alarms: list[tuple[int, int, int, str]], cut: int, order: random.Random
) -> None:
    """Compared with every pair, and every chain of pairs."""
    raised = [stands(f"d{n}", place * 180, second, cause=cause) for n, place, second, cause in alarms]
    plain = _chains(raised)
    shuffled = order.sample(raised, len(raised))
    first = join([], shuffled[:cut])
    outcome = join(first.incidents, shuffled[cut:])
    assert {frozenset(one.witnesses) for one in outcome.incidents} == plain
    assert {frozenset(one.witnesses) for one in join([], raised).incidents} == plain


def _chains(raised: Sequence[Witness]) -> set[frozenset[Key]]:
    groups: list[list[Witness]] = []
    for one in raised:
        reach = 5000 if one.cause == "wide" else 300
        meets = [
            group
            for group in groups
            if any(other.cause == one.cause and abs(other.lat - one.lat) / METRE <= reach for other in group)
        ]
        groups = [group for group in groups if group not in meets]
        groups.append([one, *(other for group in meets for other in group)])
    return {frozenset(one.key for one in group) for group in groups}


@pytest.mark.parametrize("count", [2, 50])
def test_the_id_does_not_hang_on_the_order(count: int) -> None:
    drains = [stands(f"d{n}", n, n % 7) for n in range(count)]
    assert join([], drains).incidents[0].id == join([], drains[::-1]).incidents[0].id == f"rain/d0/rule-3/{T0}"
