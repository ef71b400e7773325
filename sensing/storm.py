"""Many alarms of one cause are one incident (告警风暴抑制): a cloudburst over five hundred drains, a feeder that fell.

Pure: the open incidents near and the alarms raised and ended in, what changed about which incident out. Alarms belong
together that have a cause in common and are near each other in place (a chain of short distances) or on one network,
within a stretch of time. Two incidents that a new alarm joins become one, the older.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from math import isfinite, nan

import numpy as np

from domain.device import Device
from sensing.groups import Groups
from sensing.rules import Rule, Silence
from sensing.signal import Signal

Key = tuple[str, str, int]


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a cause reaches: alarms within ``within_m`` metres and ``gap_s`` seconds of another join it."""

    within_m: float = 300.0
    gap_s: float = 1800.0


@dataclass(frozen=True, slots=True)
class Witness:
    """An alarm that stands: ``key`` as its signal's, ``cause`` what it may have in common with others.

    ``links`` join at any distance: the network it is on, the gateway of a silent device. ``at_ms`` is when it was
    raised; ``lon`` and ``lat`` are degrees in WGS-84, NaN where its place is unknown.
    """

    key: Key
    alarm: str
    cause: str
    level: int
    at_ms: int
    lon: float
    lat: float
    links: tuple[str, ...] = ()

    @property
    def device(self) -> str:
        """Its device."""
        return self.key[0]


@dataclass(frozen=True, slots=True)
class Incident:
    """Witnesses of one cause that stand, by key. ``id`` is its first witness's; ``last_ms`` when the last one came."""

    id: str
    cause: str
    opened_ms: int
    last_ms: int
    witnesses: Mapping[Key, Witness]

    @property
    def level(self) -> int:
        """The gravest level of the witnesses that stand; 3 where none does."""
        return min((one.level for one in self.witnesses.values()), default=3)

    @property
    def devices(self) -> frozenset[str]:
        """The devices that still witness it."""
        return frozenset(one.device for one in self.witnesses.values())


class Turn(StrEnum):
    """What happens to an incident: 发生, 扩大, 升级, 并入, 缩小, 恢复."""

    OPENED = "opened"
    GREW = "grew"
    CLIMBED = "climbed"
    ABSORBED = "absorbed"
    SHRANK = "shrank"
    RECOVERED = "recovered"


@dataclass(frozen=True, slots=True)
class Change:
    """One turn: ``incident`` as it is afterwards, ``witnesses`` those that came or went.

    Of an ABSORBED incident nothing is left; ``into`` is the one its witnesses are now behind.
    """

    turn: Turn
    incident: Incident
    at_ms: int
    witnesses: tuple[Witness, ...] = ()
    into: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is open now, oldest first, and what changed, in order."""

    incidents: tuple[Incident, ...]
    changes: tuple[Change, ...]


def witness(signal: Signal, rule: Rule, device: Device) -> Witness:
    """The witness that a raised signal is."""
    cause, point = rule.cause or rule.family, device.point
    lon, lat = (point.lon, point.lat) if point else (nan, nan)
    return Witness(signal.key, rule.family, cause, signal.level, signal.at_ms, lon, lat, links_of(rule, device))


def links_of(rule: Rule, device: Device) -> tuple[str, ...]:
    """What joins a device's alarm by a rule to others at any distance."""
    links = [f"network:{device.network}"] if device.network else []
    if isinstance(rule, Silence):
        links.append(f"gateway:{device.gateway}")
    return tuple(links)


def joined(
    near: Iterable[Incident],
    raised: Iterable[Witness],
    cleared: Iterable[tuple[Key, int]],
    reaches: Mapping[str, Reach],
    reach: Reach,
) -> Outcome:
    """Alarms raised, and ended (key, when), into the open incidents near them, in the order of their times.

    ``reaches`` are by cause, ``reach`` is that of all others. A key that is behind an incident already changes nothing,
    nor does the end of one that nobody knows.
    """
    desk = _Desk({one.id: one for one in near}, reaches, reach)
    known = {key for one in desk.open.values() for key in one.witnesses}
    new = {one.key: one for one in raised if one.key not in known}
    coming = sorted(new.values(), key=lambda one: (one.at_ms, one.key))
    going = sorted(cleared, key=lambda one: (one[1], one[0]))
    gap_ms = min([reach.gap_s, *(one.gap_s for one in reaches.values())]) * 1000
    start = gone = 0
    for n, one in enumerate(coming, 1):
        if n < len(coming) and coming[n].at_ms - one.at_ms <= gap_ms:
            continue
        until = coming[n].at_ms if n < len(coming) else None
        desk.take(coming[start:n])
        ended = gone
        while ended < len(going) and (until is None or going[ended][1] < until):
            ended += 1
        desk.end(going[gone:ended])
        start, gone = n, ended
    desk.end(going[gone:])
    opened = sorted(desk.open.values(), key=lambda one: (one.opened_ms, one.id))
    return Outcome(tuple(opened), tuple(desk.changes))


class _Desk:
    """The incidents as they stand while a batch is worked off."""

    def __init__(self, near: dict[str, Incident], reaches: Mapping[str, Reach], reach: Reach) -> None:
        self.open = near
        self.changes: list[Change] = []
        self._reaches, self._reach = reaches, reach

    def take(self, coming: Sequence[Witness]) -> None:
        """Take in alarms that came soon after each other."""
        by_cause: dict[str, list[Witness]] = defaultdict(list)
        for one in coming:
            by_cause[one.cause].append(one)
        for cause, new in sorted(by_cause.items()):
            reach = self._reaches.get(cause, self._reach)
            since = new[0].at_ms - reach.gap_s * 1000
            old = sorted((one for one in self.open.values() if one.cause == cause), key=lambda one: one.id)
            recent = {one.id for one in old if one.last_ms >= since}
            for incidents, witnesses in _together(old, recent, new, reach.within_m):
                self._join(incidents, witnesses)

    def end(self, going: Sequence[tuple[Key, int]]) -> None:
        """Take out alarms that ended."""
        behind = {key: one.id for one in self.open.values() for key in one.witnesses} if going else {}
        by_incident: dict[str, list[tuple[Key, int]]] = defaultdict(list)
        for key, at in going:
            if key in behind:
                by_incident[behind[key]].append((key, at))
        for name, ended in sorted(by_incident.items()):
            before, keys = self.open[name], {key for key, _ in ended}
            gone = tuple(one for key, one in before.witnesses.items() if key in keys)
            after = replace(before, witnesses={k: one for k, one in before.witnesses.items() if k not in keys})
            at = max(at for _, at in ended)
            if after.witnesses:
                self.open[name] = after
                self.changes.append(Change(Turn.SHRANK, after, at, gone))
            else:
                del self.open[name]
                self.changes.append(Change(Turn.RECOVERED, after, at, gone))

    def _join(self, incidents: Sequence[Incident], new: Sequence[Witness]) -> None:
        came = {one.key: one for one in new}
        at = max(one.at_ms for one in new)
        if not incidents:
            first = min(new, key=lambda one: (one.key[2], one.key))
            name = f"{first.cause}/{first.device}/{first.key[1]}/{first.key[2]}"
            opened = Incident(name, first.cause, first.key[2], at, came)
            self.open[name] = opened
            self.changes.append(Change(Turn.OPENED, opened, at, tuple(new)))
            return
        oldest, *others = sorted(incidents, key=lambda one: (one.opened_ms, one.id))
        witnesses = {key: one for incident in (oldest, *others) for key, one in incident.witnesses.items()} | came
        last = max(at, *(one.last_ms for one in incidents))
        grown = replace(oldest, last_ms=last, witnesses=witnesses)
        self.open[grown.id] = grown
        for one in others:
            del self.open[one.id]
            self.changes.append(Change(Turn.ABSORBED, one, at, tuple(one.witnesses.values()), grown.id))
        self.changes.append(Change(Turn.GREW, grown, at, tuple(new)))
        if grown.level < oldest.level:
            self.changes.append(Change(Turn.CLIMBED, grown, at, tuple(new)))


def _together(
    old: Sequence[Incident], recent: set[str], new: Sequence[Witness], within_m: float
) -> list[tuple[list[Incident], list[Witness]]]:
    """New alarms with the incidents they belong to, in the order of their first alarm.

    An older incident than ``recent`` takes further alarms only of the same device: it climbs.
    """
    nodes = [
        *((one, incident.id) for incident in old for one in incident.witnesses.values()),
        *((one, "") for one in new),
    ]
    groups = Groups(len(nodes))
    by_name: dict[str, int] = {}
    for n, (one, incident) in enumerate(nodes):
        if incident:
            groups.unite(n, by_name.setdefault(f"incident:{incident}", n))
        groups.unite(n, by_name.setdefault(f"device:{one.device}/{one.alarm}", n))
        if not incident or incident in recent:
            for link in one.links:
                groups.unite(n, by_name.setdefault(link, n))
    placed = [n for n, (one, name) in enumerate(nodes) if isfinite(one.lon) and (not name or name in recent)]
    groups.unite_near(placed, np.array([(nodes[n][0].lon, nodes[n][0].lat) for n in placed]), within_m)
    incidents = {incident.id: incident for incident in old}
    found: dict[int, tuple[dict[str, Incident], list[Witness]]] = {}
    for n in range(len(nodes) - len(new), len(nodes)):
        found.setdefault(groups.root(n), ({}, []))[1].append(nodes[n][0])
    for n, (_, incident) in enumerate(nodes):
        if incident and groups.root(n) in found:
            found[groups.root(n)][0][incident] = incidents[incident]
    return [(list(known.values()), witnesses) for known, witnesses in found.values()]
