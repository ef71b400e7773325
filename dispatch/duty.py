"""Who is on duty (值班): people, teams, shifts (班次) and deputies. Pure; the moment and who is away are handed in.

The office balances by it, the doors show it; a city pack's tables are read into it by ``runtime.citypack.people``.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from dispatch.rules import ALWAYS, Validity
from dispatch.windows import Window
from domain.absence import Absence
from domain.clock import Calendar
from domain.place import Point

HANDING_OVER = timedelta(hours=1)
"""So long after its end a shift is still the one that hands over."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who works for a unit. ``role`` is the post (岗位) in the city's words, ``deputy`` who stands in."""

    id: str
    name: str
    unit: str
    role: str = ""
    phone: str = ""
    deputy: str = ""


@dataclass(frozen=True, slots=True)
class Team:
    """A team (班组) of a unit; ``point`` is where it is stationed, in WGS-84 or CGCS2000."""

    id: str
    name: str
    unit: str
    point: Point | None = None


@dataclass(frozen=True, slots=True)
class Shift:
    """Hours in which a unit or team (``of``) works, and who works then; without people, plain working hours."""

    of: str
    name: str
    window: Window
    people: tuple[str, ...] = ()
    valid: Validity = ALWAYS

    def span(self, at: datetime, calendar: Calendar) -> tuple[datetime, datetime] | None:
        """When the shift that runs at a moment (aware) begins and ends, local; it is valid by the day it begins on."""
        span = self.window.span(at, calendar)
        return span if span and self.valid.holds(span[0].date()) else None


@dataclass(frozen=True, slots=True)
class Present:
    """A person on a shift, and whom this one stands in for; empty for the one who was put down for it."""

    person: str
    stands_for: str = ""


@dataclass(frozen=True, slots=True)
class Watch:
    """A shift that runs: who is there, and who is missing with nobody to stand in."""

    shift: Shift
    begins: datetime
    ends: datetime
    present: tuple[Present, ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def staffed(self) -> bool:
        """Whether anybody works: plain working hours name nobody and count."""
        return bool(self.present) or not self.shift.people


@dataclass(frozen=True, slots=True)
class OnDuty:
    """The state of a moment: watches that run, units and teams with shifts of which none does, where teams stand."""

    watches: tuple[Watch, ...]
    off: frozenset[str]
    posts: Mapping[str, tuple[Point, ...]]

    def is_on(self, of: str) -> bool:
        """Whether a unit or team is on duty; one without any shift always is."""
        return of not in self.off


@dataclass(frozen=True, slots=True)
class HandOver:
    """A change of shifts of a unit: what began and ended (or will end) when, who ends and who takes over."""

    begins: datetime
    ends: datetime
    leaving: tuple[Watch, ...]
    coming: tuple[Watch, ...]


class Duty:
    """The duty roster of a city. Shifts and teams name units, people and teams that exist; the reader sees to that."""

    def __init__(
        self,
        calendar: Calendar,
        people: Iterable[Person] = (),
        teams: Iterable[Team] = (),
        shifts: Iterable[Shift] = (),
    ) -> None:
        self.calendar = calendar
        self.people = {person.id: person for person in people}
        self.teams = {team.id: team for team in teams}
        self.shifts = tuple(shifts)
        self._teams_of: dict[str, list[Team]] = defaultdict(list)
        for team in self.teams.values():
            self._teams_of[team.unit].append(team)
        self._own = {shift.of for shift in self.shifts}

    def unit_of(self, of: str) -> str:
        """The unit of a team; a unit is its own."""
        return self.teams[of].unit if of in self.teams else of

    def at(self, at: datetime, absences: Iterable[Absence] = ()) -> OnDuty:
        """Who is on duty at a moment (aware)."""
        watches = tuple(self.watches(at, absences))
        staffed = {watch.shift.of for watch in watches if watch.staffed}
        working = staffed | {self.unit_of(of) for of in staffed}
        scheduled = self._own | {self.unit_of(of) for of in self._own}
        off = {of for of in scheduled if of not in working}
        # a team without shifts of its own works when its unit does
        off |= {team.id for team in self.teams.values() if team.id not in self._own and team.unit in off}
        posts = {
            unit: tuple(team.point for team in teams if team.point is not None and team.id not in off)
            for unit, teams in self._teams_of.items()
        }
        return OnDuty(watches, frozenset(off), {unit: points for unit, points in posts.items() if points})

    def watches(self, at: datetime, absences: Iterable[Absence] = (), unit: str | None = None) -> Iterator[Watch]:
        """The shifts that run at a moment, in the order of the roster; those of one unit and its teams if named."""
        away = _away(at, absences)
        for shift in self.shifts:
            span = shift.span(at, self.calendar) if unit in (None, self.unit_of(shift.of)) else None
            if span:
                yield self._watch(shift, span, away)

    def stands_in(self, person: str, away: Mapping[str, Absence]) -> str | None:
        """Who works instead of a person: the deputy, the deputy's deputy, and so on; None where all are away."""
        seen: set[str] = set()
        while person in away:
            seen.add(person)
            known = self.people.get(person)
            person = away[person].deputy or (known.deputy if known else "")
            if person in seen or person not in self.people:
                return None
        return person

    def hand_over(self, unit: str, at: datetime, absences: Sequence[Absence] = ()) -> HandOver | None:
        """The change of shifts at a moment: of those that ended within the last hour, else of those that run.

        None for a unit none of whose shifts runs or has just ended.
        """
        before = at - HANDING_OVER
        ended = [watch for watch in self.watches(before, absences, unit) if watch.ends <= at]
        leaving = ended or list(self.watches(at, absences, unit))
        if not leaving:
            return None
        end = max(watch.ends for watch in leaving) if ended else min(watch.ends for watch in leaving)
        leaving = [watch for watch in leaving if watch.ends == end]
        coming = [watch for watch in self.watches(end, absences, unit) if watch.begins >= end]
        return HandOver(min(watch.begins for watch in leaving), end, tuple(leaving), tuple(coming))

    def _watch(self, shift: Shift, span: tuple[datetime, datetime], away: Mapping[str, Absence]) -> Watch:
        found = [(person, self.stands_in(person, away)) for person in shift.people]
        # whoever is on the shift anyway and stands in besides is there once, in their own right
        own = {person for person, there in found if person == there}
        present: dict[str, Present] = {person: Present(person) for person, there in found if person == there}
        for person, there in found:
            if there is not None and there not in own:
                present.setdefault(there, Present(there, person))
        return Watch(shift, *span, tuple(present.values()), tuple(person for person, there in found if there is None))


def _away(at: datetime, absences: Iterable[Absence]) -> dict[str, Absence]:
    return {absence.person: absence for absence in absences if absence.holds(at)}
