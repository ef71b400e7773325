"""The alarms that stand: told once, climbing, held back by maintenance, by flapping or until neighbours agree.

Works on turns of rules only, in their order; nothing here sees a quiet reading. Used by ``sensing.of_kind``.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from math import nan

from sensing.device import Kind
from sensing.reading import Times
from sensing.rules import Neighbours, Rule
from sensing.signal import Change, Signal
from sensing.words import reason

WITHDRAWN = "规则已撤销，自动恢复"


@dataclass(slots=True)
class Alarm:
    """One alarm of one device. ``up`` are the rules that hold, with (since, value); ``told`` those that were raised.

    ``raises`` counts how often it began since ``counted_from``; ``turned_at`` is when it last began or ended. Until
    ``until`` there is nothing to say of it but by a turn. ``gone`` are rules told that are no rules any more.
    """

    up: dict[str, tuple[int, float]] = field(default_factory=dict)
    told: dict[str, int] = field(default_factory=dict)
    raises: int = 0
    counted_from: int = 0
    turned_at: int = 0
    flapping: bool = False
    until: int | None = None
    gone: dict[str, int] = field(default_factory=dict)


Blocked = Callable[[int, int], int | None]
"""When the maintenance ends that holds for a row at a time; None where none does."""


class Desk:
    """The alarms of one kind's devices. ``name`` gives a row's device, ``vicinity`` who else counts for a rule.

    ``deferred`` says until when an alarm has nothing to say; ``put_off`` is what was added to it since it was emptied,
    and ``turned`` are the rows whose alarms were looked at since that was.
    """

    def __init__(
        self, kind: Kind, name: Callable[[int], str], vicinity: Callable[[int, Neighbours], str], blocked: Blocked
    ) -> None:
        self.kind = kind
        self.alarms: dict[int, dict[str, Alarm]] = {}
        self.deferred: dict[tuple[int, str], int] = {}
        self.put_off: list[tuple[int, str, int]] = []
        self.turned: set[int] = set()
        self._rules = {rule.id: rule for rule in kind.rules}
        self._name, self._vicinity, self._blocked = name, vicinity, blocked
        self._together: dict[tuple[str, str], dict[int, tuple[int, float]]] = defaultdict(dict)
        self._flap_ms = round(kind.flap_s * 1000)

    def turn(self, rule: Rule, row: int, at: int, begins: bool, since: int, value: float) -> Iterator[Signal]:
        """A rule began or ceased to hold for a device at a time."""
        if isinstance(rule, Neighbours):
            yield from self._agree(rule, row, at, begins, since, value)
        else:
            yield from self._turn(rule, row, at, begins, since, value)

    def wake(self, row: int, family: str, at: int, value: float) -> Iterator[Signal]:
        """The time has come that a deferred alarm waited for."""
        alarm = self.alarms.get(row, {}).get(family)
        if alarm is not None:
            yield from self._settle(row, family, alarm, at, value)

    def tidy(self, now: int, judged: Times) -> Iterator[Signal]:
        """End alarms of rules that are no more, and forget those with nothing left to count."""
        for row, alarms in list(self.alarms.items()):
            for family, alarm in list(alarms.items()):
                for rule, since in alarm.gone.items():
                    device = self._name(row)
                    self.turned.add(row)
                    yield Signal(device, rule, Change.CLEARED, 0, since, now, nan, WITHDRAWN, family)
                alarm.gone = {}
                if judged[row] - alarm.counted_from > self._flap_ms and not alarm.flapping:
                    self._drop(row, family, alarm)

    def take_up(self, row: int, family: str, alarm: Alarm) -> None:
        """Put an alarm back as it was packed; what was told by rules that are no more ends at the next tick."""
        alarm.up = {rule: how for rule, how in alarm.up.items() if rule in self._rules}
        alarm.gone |= {rule: since for rule, since in alarm.told.items() if rule not in self._rules}
        alarm.told = {rule: since for rule, since in alarm.told.items() if rule in self._rules}
        self.alarms.setdefault(row, {})[family] = alarm
        if alarm.until is not None:
            self.deferred[row, family] = alarm.until

    def beyond(self, rule: Neighbours, row: int, since: int, value: float) -> None:
        """Put a device back among those beyond a neighbours' rule, without a word."""
        self._together[rule.id, self._vicinity(row, rule)][row] = (since, value)

    def leave(self, row: int) -> dict[str, tuple[int, float]]:
        """Take a device out of all vicinities, without a word; which rules it was beyond, as ``beyond`` wants them."""
        asked = ((rule.id, self._vicinity(row, rule)) for rule in self.kind.rules if isinstance(rule, Neighbours))
        found = ((rule, self._together[rule, around].pop(row, None)) for rule, around in asked)
        return {rule: how for rule, how in found if how}

    def forget(self, row: int) -> None:
        """Forget a device's alarms, without a word."""
        self.leave(row)
        for family in self.alarms.pop(row, {}):
            self.deferred.pop((row, family), None)

    def recheck(self) -> None:
        """Maintenance is not what it was: look at all that is deferred at the next reading or tick."""
        for row, family in list(self.deferred):
            self._wait(row, family, self.alarms[row][family], 0)
        self.put_off.clear()

    def _agree(self, rule: Neighbours, row: int, at: int, begins: bool, since: int, value: float) -> Iterator[Signal]:
        group = self._together[rule.id, self._vicinity(row, rule)]
        if begins:
            group[row] = (since, value)
            if len(group) >= rule.at_least:
                # once they are enough only the newcomer has not been told
                quiet = [one for one in group if not self._holds(one, rule)] if len(group) == rule.at_least else [row]
                for member in sorted(quiet, key=lambda one: (group[one][0], self._name(one))):
                    yield from self._turn(rule, member, at, True, *group[member])
        else:
            group.pop(row, None)
            if self._holds(row, rule):
                yield from self._turn(rule, row, at, False, since, value)

    def _holds(self, row: int, rule: Rule) -> bool:
        alarm = self.alarms.get(row, {}).get(rule.family)
        return alarm is not None and rule.id in alarm.up

    def _turn(self, rule: Rule, row: int, at: int, begins: bool, since: int, value: float) -> Iterator[Signal]:
        alarm = self._alarm(row, rule.family)
        if alarm.flapping:
            # it may have been quiet for long enough before this turn
            yield from self._settle(row, rule.family, alarm, at, value)
            alarm = self._alarm(row, rule.family)
        was = bool(alarm.up)
        if begins:
            alarm.up[rule.id] = (since, value)
        else:
            alarm.up.pop(rule.id, None)
        if was != bool(alarm.up):
            alarm.turned_at = at
            if begins:
                self._count(alarm, at)
        yield from self._settle(row, rule.family, alarm, at, value)

    def _alarm(self, row: int, family: str) -> Alarm:
        return self.alarms.setdefault(row, {}).setdefault(family, Alarm())

    def _count(self, alarm: Alarm, at: int) -> None:
        if self.kind.flaps:
            if not alarm.raises or at - alarm.counted_from > self._flap_ms:
                alarm.raises, alarm.counted_from = 0, at
            alarm.raises += 1
            alarm.flapping |= alarm.raises > self.kind.flaps

    def _settle(self, row: int, family: str, alarm: Alarm, at: int, value: float) -> Iterator[Signal]:
        """Say what is to be said of an alarm as it stands at a time."""
        self.turned.add(row)
        self._wait(row, family, alarm, None)
        if alarm.flapping and at >= alarm.turned_at + self._flap_ms:
            alarm.flapping, alarm.raises = False, 0
        if alarm.up:
            yield from self._raised(row, family, alarm, at)
        elif alarm.told and not alarm.flapping:
            for rule, since in alarm.told.items():
                yield self._signal(row, self._rules[rule], Change.CLEARED, since, at, value, alarm)
            alarm.told = {}
        if alarm.flapping:
            self._wait(row, family, alarm, alarm.turned_at + self._flap_ms)
        if not alarm.raises:
            self._drop(row, family, alarm)

    def _drop(self, row: int, family: str, alarm: Alarm) -> None:
        """Forget an alarm of which nothing stands."""
        if not (alarm.up or alarm.told or alarm.gone):
            self._wait(row, family, alarm, None)
            of_row = self.alarms[row]
            of_row.pop(family, None)
            if not of_row:
                del self.alarms[row]

    def _raised(self, row: int, family: str, alarm: Alarm, at: int) -> Iterator[Signal]:
        gravest = min(alarm.up, key=lambda one: (self._rules[one].level, one))
        rule = self._rules[gravest]
        if alarm.told and rule.level >= min(self._rules[one].level for one in alarm.told):
            return
        until = self._blocked(row, at)
        if until is not None:
            self._wait(row, family, alarm, until)
            return
        since, value = alarm.up[gravest]
        alarm.told[gravest] = since
        yield self._signal(row, rule, Change.RAISED, since, at, value, alarm)

    def _wait(self, row: int, family: str, alarm: Alarm, until: int | None) -> None:
        if until is None:
            alarm.until = None
            self.deferred.pop((row, family), None)
            return
        alarm.until = until if alarm.until is None else min(until, alarm.until)
        self.deferred[row, family] = alarm.until
        self.put_off.append((row, family, alarm.until))

    def _signal(self, row: int, rule: Rule, change: Change, since: int, at: int, value: float, alarm: Alarm) -> Signal:
        why = reason(self.kind, rule, change, since, at, value, alarm.flapping)
        return Signal(self._name(row), rule.id, change, rule.level, since, at, value, why, rule.family, alarm.flapping)
