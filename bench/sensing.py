"""Microseconds of one core to judge a reading of a sensor, by rule kind and size of batch, beside a bare Python loop
that makes one comparison a reading. 100,000 devices, a reading of each in turn, one in a thousand beyond its limit; a
batch of 1 asks for one device at a time. «Waiting» holds readings back for a minute of event time to put them in
order; «five rules» are two levels of a threshold, rate, stuck value and silence. Medians of processor time.
"""

import gc
import random
import time
import tracemalloc
from collections.abc import Callable
from statistics import median

import numpy as np

from domain.device import Device
from sensing.device import Kind
from sensing.fleet import Fleet
from sensing.reading import Readings
from sensing.rules import Baseline, Neighbours, Rate, Rule, Silence, Stuck, Threshold
from sensing.storm import Reach, Witness, joined

DEVICES = 100_000
ROUNDS = 5
START = 1_763_769_600_000

THRESHOLD = Threshold(id="t3", kind="k", level=3, alarm="t", raise_at=8, clear_at=7, hold_s=60)
GRAVER = Threshold(id="t2", kind="k", level=2, alarm="t", raise_at=9, clear_at=8)
RATE = Rate(id="r", kind="k", raise_at=100, clear_at=50)
STUCK = Stuck(id="s", kind="k", hold_s=7200)
SILENCE = Silence(id="q", kind="k", after_s=3600)

SETS: dict[str, tuple[tuple[Rule, ...], float]] = {
    "threshold": ((THRESHOLD,), 0),
    "threshold, waiting": ((THRESHOLD,), 60),
    "rate of change": ((RATE,), 0),
    "stuck value": ((STUCK,), 0),
    "neighbours": ((Neighbours(id="n", kind="k", raise_at=8, clear_at=7, at_least=3),), 0),
    "silence": ((SILENCE,), 0),
    "baseline": ((Baseline(id="b", kind="k"),), 0),
    "five rules": ((THRESHOLD, GRAVER, RATE, STUCK, SILENCE), 0),
    "five rules, waiting": ((THRESHOLD, GRAVER, RATE, STUCK, SILENCE), 60),
}


def main() -> str:
    """The table."""
    loop = _loop() / DEVICES * 1e6
    lines = [
        f"| {name} | {' | '.join(f'{cost:,.2f}' for cost in costs)} | {size:,} | {size * DEVICES / 1e6:.1f} |"
        for name, (rules, lateness_s) in SETS.items()
        for costs, size in [_measured(rules, lateness_s)]
    ]
    return (
        "| rules | µs/reading, batches of 1 | of 1,000 | of 100,000 | bytes a device | MB for 100,000 |\n"
        "|---|---:|---:|---:|---:|---:|\n" + "\n".join(lines) + "\n"
        f"| bare loop, one comparison | {loop:.2f} | {loop:.2f} | {loop:.2f} | | |\n\n" + _others()
    )


def _measured(rules: tuple[Rule, ...], lateness_s: float) -> tuple[list[float], int]:
    costs = []
    fleet = _fleet(rules, lateness_s)
    minute = 0
    for size in (1, 1_000, DEVICES):
        taken = []
        for _ in range(ROUNDS):
            minute += 1
            rows, values = np.random.default_rng(minute).permutation(DEVICES), _values(minute)
            at = np.full(DEVICES, START + minute * 60_000)
            many = min(DEVICES, max(size * 20, 500))
            batches = [
                Readings(rows[n : n + size], at[n : n + size], values[n : n + size], START + minute * 60_000)
                for n in range(0, many, size)
            ]
            taken.append(_seconds(lambda batches=batches: [fleet.watch(one) for one in batches]) / many * 1e6)
        costs.append(median(taken))
    return costs, fleet.row_bytes("k")


def _others() -> str:
    """What else is asked of the fleet, with five rules."""
    rules, _ = SETS["five rules"]
    tracemalloc.start()
    fleet = _fleet(rules, 0)
    objects = tracemalloc.get_traced_memory()[0] / 1e6 - fleet.row_bytes("k") * DEVICES / 1e6
    tracemalloc.stop()
    rows = np.arange(DEVICES)
    fleet.watch(Readings(rows, np.full(DEVICES, START), _values(1), START))
    tick = _seconds(lambda: fleet.tick(START + 60_000))
    gateways = [rows[n : n + 200] for n in range(0, DEVICES, 200)]
    packed = [fleet.pack(gateway) for gateway in gateways]
    packing = _seconds(lambda: [fleet.pack(gateway) for gateway in gateways])
    pieces = fleet.pack_each(rows)
    apart = _seconds(lambda: fleet.pack_each(rows))
    taking = _seconds(lambda: fleet.unpack_each(rows, pieces))
    unpacking = _seconds(lambda: [fleet.unpack(*pair) for pair in zip(gateways, packed, strict=True)])
    late = START + 60_000 * np.arange(1, 10_001)
    backlog = Readings(np.zeros(10_000, int), late, _values(2)[:10_000], START + 10**9)
    behind = _seconds(lambda: fleet.watch(backlog))
    return (
        f"With five rules: a tick of the clock over 100,000 devices {tick * 1e3:.1f} ms; packing the state of a "
        f"gateway of 200 devices {packing / len(gateways) * 1e6:.0f} µs and {len(packed[0]):,} bytes, taking it up "
        f"again {unpacking / len(gateways) * 1e6:.0f} µs; as a piece of {len(pieces[0]):,} bytes a device "
        f"{apart / DEVICES * 1e6:.1f} µs and {taking / DEVICES * 1e6:.1f} µs each; 10,000 readings of "
        f"one device in one batch {behind * 1e2:.2f} µs a reading. "
        f"What is registered of 100,000 devices takes {objects:.0f} MB beside their state. {_storm()}"
    )


def _storm() -> str:
    """Alarms of one batch joined into incidents."""
    dice = random.Random(5)

    def burst(many: int, metres: float) -> float:
        spread = metres / 111_320
        raised = [
            Witness(
                (f"d{n}", "r", START), "a", "rain", 3, START, 113 + dice.random() * spread, 28 + dice.random() * spread
            )
            for n in range(many)
        ]
        return _seconds(lambda: joined([], raised, [], {}, Reach())) * 1e3

    return (
        f"Five hundred alarms of one batch within 5 km are joined in {burst(500, 5_000):.1f} ms, within 300 m in "
        f"{burst(500, 300):.1f} ms; 5,000 over 20 km in {burst(5_000, 20_000):.0f} ms."
    )


def _fleet(rules: tuple[Rule, ...], lateness_s: float) -> Fleet:
    kind = Kind("k", "水位", low=-100, high=100, lateness_s=lateness_s, rules=rules)
    devices = [Device(f"d{n}", "k", f"gw{n // 200}", network=f"n{n // 50}") for n in range(DEVICES)]
    return Fleet([kind], devices)


def _values(seed: int) -> np.ndarray:
    dice = np.random.default_rng(seed)
    return np.where(dice.random(DEVICES) < 0.001, 9.5, dice.normal(3, 1, DEVICES).clip(-1, 6.9))


def _loop() -> float:
    readings = [(n, random.random()) for n in range(DEVICES)]

    def run() -> int:
        beyond = 0
        for _, value in readings:
            if value >= 8:
                beyond += 1
        return beyond

    return median(_seconds(run) for _ in range(ROUNDS))


def _seconds(work: Callable[[], object]) -> float:
    gc.collect()
    start = time.process_time()
    work()
    return time.process_time() - start


if __name__ == "__main__":
    print(main())
