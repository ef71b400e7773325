"""The table of an acceptance run, as the page docs/acceptance.md and for the terminal."""

import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from bench.acceptance.cities import Figure
from bench.acceptance.replay import RATE, Replay

_HEAD = """# Acceptance: real cities through the whole system

Made by `python -m bench.acceptance --write` (`make acceptance` prints the same and changes nothing). It builds city
packs from real data that is not part of this repository, starts a machine of its own for each city (embedded Kafka and
PostgreSQL, one API process, one worker, relay and sweep), sends every row with the code of `cityloop import` as a
hotline ticket through Kafka, as fast as it goes, waits until all is filed and dispatched, looks for each row by its
number, and sends the same file once more.

- *in* = accepted + refused with reason; *lost*: rows found nowhere; *doubled*: rows with more than one report, report
  with more than one case, case with more than one lead task, any of these events twice.
- *joined*: rows that stand behind another's case. The packs' policy gives no time for joining, so that every row can be
  held against its own record.
- *at desk*: kept for a person, because place or category is in doubt or no rule matches. Not a loss.
- *incidents/s*: rows by the time from the first row sent to the last case at its department.
- *report → dispatched, flood*: from our receipt to the department, with the whole file waiting from the first second
  on: the time to work off the pile. *Steady*: single tickets at the rate given, from sending to the department.
"""


_COUNTED = "reports, cases, links, tasks, events"


def page(replays: Sequence[Replay], load: float) -> str:
    """The whole page; ``load`` is what else the machine did before it began (1-minute average)."""
    day = datetime.now(UTC).date().isoformat()
    machine = f"on a machine of {os.cpu_count()} cores; load before it began {load:.1f}."
    cities = "\n".join("\n".join(_city(one)) + "\n" for one in replays)
    return f"{_HEAD}\nMeasured {day} {machine}\n\n{cities}"


def _city(one: Replay) -> Iterator[str]:
    yield f"## {one.city.name}\n"
    yield "| what | figure | bound | |"
    yield "|---|---:|---:|---|"
    for name, figure, bound, note in (*_account(one), *map(_line, figures(one)), *_speed(one)):
        yield f"| {name} | {figure} | {bound} | {note} |"
    yield ""
    yield from (f"- {line}." for line in one.city.method)


def figures(one: Replay) -> Sequence[Figure]:
    """What the city's own judge says of the rows found."""
    return one.city.judge(one.ledger.found)


def passed(one: Replay) -> bool:
    """Whether every bound is met."""
    return one.ledger.balanced and one.changed_by_repeat == 0 and all(figure.met for figure in figures(one))


def _account(one: Replay) -> Iterator[tuple[str, str, str, str]]:
    book = one.ledger
    reasons = ", ".join(f"{count:,} {code}" for code, count in sorted(book.refused.items()))
    yield "in", f"{book.rows:,}", "", ""
    yield "accepted", f"{book.accepted:,}", "", ""
    yield "refused with reason", f"{sum(book.refused.values()):,}", "", reasons
    yield "lost", f"{book.lost:,}", "0", ""
    yield "doubled", f"{book.doubled:,}", "0", ""
    yield (
        "changed by importing the file again",
        f"{one.changed_by_repeat:,}",
        "0",
        _COUNTED,
    )
    for what in ("filed", "joined", "dispatched", "at desk"):
        yield what, f"{book.count(what):,}", "", ""


def _line(figure: Figure) -> tuple[str, str, str, str]:
    bound = "" if figure.bound is None else f"≥ {figure.bound:.0%}"
    return figure.name, f"{figure.share:.2%} ({figure.good:,} of {figure.of:,})", bound, figure.note


def _speed(one: Replay) -> Iterator[tuple[str, str, str, str]]:
    took = f"{one.seconds:.1f} s, sent in {one.sent_in:.1f} s"
    yield "incidents/s", f"{one.ledger.accepted / one.seconds:,.0f}", "", took
    each = ", ".join(f"{name} {1e6 * seconds / one.ledger.accepted:,.0f}" for name, seconds in sorted(one.cpu.items()))
    yield "our CPU, µs an incident", f"{1e6 * sum(one.cpu.values()) / one.ledger.accepted:,.0f}", "", each
    yield "report → dispatched p50 / p99, flood", _percentiles(one.waits), "", "every row sent at once"
    calm = f"{len(one.at_leisure):,} tickets one by one, {RATE:.0f} a second, from sending on"
    yield "report → dispatched p50 / p99, steady", _percentiles(one.at_leisure), "", calm


def _percentiles(ascending: Sequence[float]) -> str:
    if not ascending:
        return "none"
    places = (min(len(ascending) - 1, int(len(ascending) * share)) for share in (0.5, 0.99))
    return " / ".join(f"{ascending[place]:.2f} s" for place in places)
