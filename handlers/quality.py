"""What a docket's steps say of first dispatches (首次派单): made, and sent back. Kept with the events."""

from datetime import datetime

from domain.case import Case
from domain.events import Event
from domain.ids import CaseId
from domain.task import Part, Task, TaskState
from store.dispatches import FirstDispatch
from store.unit import Unit

PLAN, TERRITORY = "@plan", "@territory"
"""Stand for the rule where a plan was started, or the territory's unit leads; no rule's id has an @."""


class FirstDispatches:
    """Follows the cases of one unit of work from step to step."""

    def __init__(self) -> None:
        self._made: dict[CaseId, FirstDispatch] = {}
        self._back: dict[CaseId, datetime] = {}

    def follow(self, before: Case | None, event: Event, after: Case) -> None:
        """Take one more step into account."""
        first, known = _first_lead(after), _first_lead(before)
        if first is None or first.unit is None or after.category is None:
            return
        if known is None:
            rule = event.verdict.rule if event.verdict else ""
            self._made[after.id] = FirstDispatch(
                after.id,
                rule or (PLAN if event.plan else TERRITORY),
                first.unit,
                after.category.key,
                after.place.path,
                first.offered_at,
            )
        elif first.state is TaskState.SENT_BACK and known.state is not TaskState.SENT_BACK and first.ended_at:
            self._back[after.id] = first.ended_at

    async def save(self, unit: Unit) -> None:
        """Write them; no statement where there is nothing to write."""
        if self._made:
            await unit.dispatches.made(list(self._made.values()))
        if self._back:
            await unit.dispatches.sent_back(list(self._back.items()))


def _first_lead(case: Case | None) -> Task | None:
    return next((task for task in case.tasks if task.part is Part.LEAD), None) if case else None
