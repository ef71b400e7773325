"""A worker that dies at any moment, with its last states half written, ends where one does that never dies."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.device import Device
from handlers.sensor_records import Heard, Tick
from handlers.sensor_watch import States, Watch
from sensing.device import Kind
from sensing.rules import Silence, Threshold
from sensing.signal import Change

SECOND = 1000
RULES = (
    Threshold(id="high", kind="water", raise_at=2, clear_at=1, hold_s=2),
    Threshold(id="brim", kind="water", raise_at=3, clear_at=2),
    Silence(id="silent", kind="water", after_s=8),
)
KINDS = (
    Kind("water", "管网水位", "m", -1, 9, flaps=2, flap_s=6, lateness_s=2, waiting=4, rules=RULES),
    Kind("noise", "环境噪声", rules=(Threshold(id="loud", kind="noise", raise_at=3, clear_at=2),)),
)
# two gateways with many devices, one with one
DEVICES = [Device(f"{g}-{n}", "noise" if n % 5 == 4 else "water", g) for g in ("a", "b") for n in range(40)]
DEVICES.append(Device("lone", "water", "c"))
OF = {g: [device.id for device in DEVICES if device.gateway == g] for g in "abc"}

Told = set[tuple[str, str, int, Change]]


@st.composite
def logs(draw: st.DrawFn) -> list[Heard | Tick]:
    """One partition's log: records of one reading and of many, late ones among them, and ticks of the clock."""
    log: list[Heard | Tick] = []
    for offset in range(draw(st.integers(1, 25))):
        now = (100 + offset) * SECOND
        gateway = draw(st.sampled_from("aabbc-"))
        if gateway == "-":
            log.append(Tick(0, offset, now))
            continue
        names = draw(st.sampled_from([OF[gateway], OF[gateway][:1], OF[gateway][3:5], ["stranger"]]))
        at = now - np.array(draw(st.lists(st.integers(0, 4), min_size=len(names), max_size=len(names)))) * SECOND
        values = np.array(draw(st.lists(st.integers(0, 4), min_size=len(names), max_size=len(names))), float)
        log.append(Heard(0, offset, now, gateway, names, at, values))
    return log


@dataclass(frozen=True)
class Death:
    """After how many batches, and which of the pieces that were to be written last were written."""

    batch: int
    written: int


def a_watch(states: States, log: str = "readings@1") -> Watch:
    watch = Watch(KINDS, (), lambda _: 0, log)
    watch.enrol(DEVICES)
    watch.remember(states)
    return watch


def judged(watch: Watch, batch: Sequence[Heard | Tick]) -> tuple[Told, dict[str, dict[str, bytes]]]:
    """What is told of a batch, and what is to be remembered after it."""
    signals, touched = watch.judge(batch, watch.look_up([each for each in batch if isinstance(each, Heard)]))
    return {(*one.key, one.change) for one in signals}, watch.states(touched)


@settings(max_examples=150, deadline=None)
@given(log=logs(), size=st.integers(1, 6), deaths=st.lists(st.builds(Death, st.integers(0, 8), st.integers(0, 2**20))))
def test_a_torn_memory_changes_nothing_that_is_told(log: list[Heard | Tick], size: int, deaths: list[Death]) -> None:
    expected: Told = set()
    undying = a_watch({})
    for each in log:
        expected |= judged(undying, [each])[0]

    held: dict[str, dict[str, bytes]] = {}
    told: Told = set()
    watch, due, number, place = a_watch(held), {death.batch: death for death in deaths}, 0, 0
    while place < len(log):
        batch = log[place : place + size]
        said, states = judged(watch, batch)
        told |= said
        pieces = [(gateway, device, state) for gateway, of in states.items() for device, state in of.items()]
        death = due.pop(number, None)
        for n, (gateway, device, state) in enumerate(pieces):
            if death is None or death.written >> n & 1:
                held.setdefault(gateway, {})[device] = state
        if death:
            # the batch was told, and not acknowledged: another worker reads it again
            watch = a_watch(held)
        else:
            place += size
        number += 1
    assert told == expected


def test_one_reading_writes_one_device_and_a_full_record_its_gateway_at_once() -> None:
    watch = a_watch({})
    one = Heard(0, 1, SECOND, "a", ["a-3"], np.array([SECOND]), np.array([0.5]))
    _, few = judged(watch, [one])
    assert {gateway: list(of) for gateway, of in few.items()} == {"a": ["a-3"]}
    names = OF["a"]
    every = Heard(0, 2, 2 * SECOND, "a", names, np.full(len(names), 2 * SECOND), np.full(len(names), 0.5))
    _, many = judged(watch, [every])
    assert {gateway: list(of) for gateway, of in many.items()} == {"a": [""]}
    lone = Heard(0, 3, 3 * SECOND, "c", ["lone"], np.array([3 * SECOND]), np.array([0.5]))
    assert list(judged(watch, [lone])[1]["c"]) == ["lone"], "a gateway of one device has one key"


def test_a_stranger_changes_no_state() -> None:
    watch = a_watch({})
    assert judged(watch, [Heard(0, 1, SECOND, "a", ["nobody"], np.array([SECOND]), np.array([9.0]))]) == (set(), {})


def test_a_device_that_moved_is_judged_by_the_offsets_of_its_new_partition() -> None:
    watch = a_watch({})
    judged(watch, [Heard(0, 1000, SECOND, "a", ["a-4"], np.array([SECOND]), np.array([0.0]))])
    watch.enrol([Device("a-4", "noise", "c")])
    told, _ = judged(watch, [Heard(1, 5, 2 * SECOND, "c", ["a-4"], np.array([2 * SECOND]), np.array([4.0]))])
    assert [rule for _, rule, *_ in told] == ["loud"]


def test_what_was_remembered_of_another_log_holds_and_its_offsets_do_not() -> None:
    watch = a_watch({})
    _, states = judged(watch, [Heard(0, 1000, SECOND, "a", ["a-4"], np.array([SECOND]), np.array([4.0]))])
    anew = a_watch(states, "readings@2")
    told, _ = judged(anew, [Heard(0, 0, 2 * SECOND, "a", ["a-4"], np.array([2 * SECOND]), np.array([0.0]))])
    assert [(rule, change) for _, rule, _, change in told] == [("loud", Change.CLEARED)]
