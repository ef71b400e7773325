"""How long records wait: from being sent until the statement that let them in began. Pure."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from bench.reliability.reckoning import Found, Ticket, share


@dataclass(frozen=True, slots=True)
class Window:
    """A slow record's time, in seconds since 1970, and the partitions of the worker that waits for it."""

    begin: float
    end: float
    waiting: frozenset[int]


@dataclass(frozen=True, slots=True)
class Delay:
    """The first record of a report: its partition, when it was sent, and the seconds until it was let in."""

    partition: int
    sent: float
    seconds: float
    calm: bool
    behind_poison: bool


def measured(
    topic: Iterable[Ticket], planted: Mapping[str, str], found: Mapping[str, Sequence[Found]], calm: Collection[str]
) -> list[Delay]:
    """The delay of every report; ``calm`` are the digests of records sent before the first fault."""
    seen: set[str] = set()
    poisoned: set[int] = set()
    first, quiet = [], frozenset(calm)
    for ticket in topic:
        if ticket.address[3] in planted:
            poisoned.add(ticket.partition)
            continue
        behind = ticket.partition in poisoned
        poisoned.discard(ticket.partition)
        if ticket.key in seen or ticket.key not in found:
            continue
        seen.add(ticket.key)
        seconds = found[ticket.key][0].at - ticket.at
        first.append(Delay(ticket.partition, ticket.at, seconds, ticket.address[3] in quiet, behind))
    return first


def delays(
    topic: Iterable[Ticket], planted: Mapping[str, str], found: Mapping[str, Sequence[Found]], calm: Collection[str],
    windows: Sequence[Window],
) -> dict[str, str]:  # fmt: skip
    """Milliseconds by kind of record: p50, p99, greatest and how many."""
    every = measured(topic, planted, found, calm)
    within = [(one, window) for one in every for window in windows if window.begin <= one.sent <= window.end]
    waiting = {id(one) for one, window in within if one.partition in window.waiting}
    return {
        "delay, no fault": _told(one for one in every if one.calm and not one.behind_poison),
        "delay right behind poison, no fault": _told(one for one in every if one.calm and one.behind_poison),
        "delay while a slow record is in work, its worker's partitions": _told(
            one for one, _ in within if id(one) in waiting
        ),
        "delay while a slow record is in work, the other worker's partitions": _told(
            one for one, _ in within if id(one) not in waiting
        ),
    }


def _told(of: Iterable[Delay]) -> str:
    values = sorted(one.seconds * 1000 for one in of)
    if not values:
        return "none"
    p50, p99, most = share(values, 0.5), share(values, 0.99), values[-1]
    return f"p50 {p50:,.0f} ms, p99 {p99:,.0f} ms, greatest {most:,.0f} ms of {len(values):,}"
