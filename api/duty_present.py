"""How duty is shown: watches with their people, and the list one shift leaves to the next."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from api.present import Names
from dispatch.duty import Duty, Present, Watch
from dispatch.handover import Left
from domain.absence import Absence
from store.views import Note

Plain = dict[str, Any]


class DutyPresenter:
    """Renders duty as plain data in the shapes of ``api.duty_schemas``."""

    def __init__(self, duty: Duty, names: Names) -> None:
        self._duty = duty
        self._names = names

    def unit(self, unit: str) -> str:
        """What a unit is called."""
        return self._names.units.get(unit, unit)

    def watch(self, watch: Watch) -> Plain:
        """A shift that runs (``WatchOut``)."""
        of = watch.shift.of
        unit, team = self._duty.unit_of(of), self._duty.teams.get(of)
        return {
            "of": of,
            "name": team.name if team else self.unit(of),
            "unit": unit,
            "unit_name": self.unit(unit),
            "shift": watch.shift.name,
            "begins": watch.begins,
            "ends": watch.ends,
            "staffed": watch.staffed,
            "present": [self._person(present) for present in watch.present],
            "missing": [self._person(Present(person)) for person in watch.missing],
        }

    def absence(self, absence: Absence) -> Plain:
        """Somebody who is away (``AbsenceOut``)."""
        return {
            "person": absence.person,
            "name": self._duty.people[absence.person].name,
            "since": absence.since,
            "until": absence.until,
            "deputy": absence.deputy or None,
        }

    def left(self, items: Sequence[Left], notes: Iterable[Note]) -> list[Plain]:
        """The tasks of a hand-over list (``LeftOut``), each with what was said on its case."""
        said: dict[UUID, list[Plain]] = defaultdict(list)
        for note in notes:
            said[note.case].append({"at": note.at, "step": note.step, "by": note.by, "words": note.words})
        return [self._left(one, said[one.case.id]) for one in items]

    def _left(self, left: Left, notes: list[Plain]) -> Plain:
        case, task = left.case, left.task
        return {
            "task": task.id,
            "no": case.no,
            "part": task.part,
            "state": task.state,
            "case_state": case.state,
            "category": case.category.name if case.category else "",
            "area": self._names.areas.get(case.place.path[-1], case.place.path[-1]) if case.place.path else "",
            "worker": task.worker,
            "offered_at": task.offered_at,
            "due_at": left.due_at,
            "overdue": left.overdue,
            "due_soon": left.due_soon,
            "fresh": left.fresh,
            "petitions": list(left.asked),
            "replies_owed": left.replies_owed,
            "notes": notes,
        }

    def _person(self, present: Present) -> Plain:
        person = self._duty.people[present.person]
        return {
            "id": person.id,
            "name": person.name,
            "role": person.role,
            "phone": person.phone,
            "stands_for": present.stands_for or None,
        }
