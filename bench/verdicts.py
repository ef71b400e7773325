"""How many verdicts a second one core gives with 5,000 rules over 400 categories and 2,000 areas, beside a bare
dictionary look-up on (category, area), which knows no circumstances and gives no reasons. Rounds take turns, the median
counts; time is that of the processor. «First of its cell» are cases spread evenly over all 800,000 cells, each judged
for the first time; «a city's day» has as many cases of which a tenth of the cells has nine tenths, judged on the
morning after a first day, as a running worker does.
"""

import gc
import random
import time
from collections.abc import Callable, Sequence
from statistics import median
from typing import Any

from bench.rulebooks import DAY, Made, cases, made
from dispatch.check import Office, check
from dispatch.engine import Engine
from dispatch.facts import Facts
from dispatch.rulebook import Rulebook

CASES = 50_000
ROUNDS = 5


def main() -> str:
    """The table."""
    city = made()
    even, day = cases(city, CASES), _day(city)
    limit = {(one.categories[-1], one.areas[-1]): one.day for one in (*even, *day)}
    rounds = [_round(city, even, day, limit) for _ in range(ROUNDS)]
    first, warm, bare = (median(column) for column in zip(*rounds, strict=True))
    compiled = _seconds(lambda: _again(city))
    checked = _seconds(lambda: check(city.book, DAY, Office()))
    return (
        "| | verdicts/s | ratio to the look-up |\n|---|---:|---:|\n"
        f"| first of its cell | {first:,.0f} | {first / bare:.3f} |\n"
        f"| a city's day | {warm:,.0f} | **{warm / bare:.2f}** |\n"
        f"| dictionary look-up | {bare:,.0f} | 1 |\n\n"
        f"Compiling the rulebook takes {compiled:.2f} s, checking it (800,000 cells) {checked:.2f} s. A new rulebook "
        "is compiled beside the old one and put in its place in one assignment, so that nobody waits."
    )


def _day(city: Made, seed: int = 13) -> list[Facts]:
    dice = random.Random(seed)
    often = cases(city, CASES // 10, seed)
    return [dice.choice(often) if dice.random() < 0.9 else one for one in cases(city, CASES, seed + 1)]


def _round(city: Made, even: Sequence[Facts], day: Sequence[Facts], limit: dict[Any, Any]) -> tuple[float, ...]:
    first = Engine(city.book)
    warm = Engine(city.book)
    warm.choose_many(day)
    return (
        CASES / _seconds(lambda: first.choose_many(even)),
        CASES / _seconds(lambda: warm.choose_many(day)),
        CASES / _seconds(lambda: [limit[one.categories[-1], one.areas[-1]] for one in day]),
    )


def _again(city: Made) -> Rulebook:
    book = city.book
    return Rulebook("again", book.rules, book.roster, book.categories, book.areas)


def _seconds(work: Callable[[], object]) -> float:
    gc.collect()
    start = time.process_time()
    work()
    return time.process_time() - start


if __name__ == "__main__":
    print(main())
