"""The docket: the cases of one unit of work while commands are decided on them."""

from collections.abc import Sequence
from dataclasses import dataclass

from domain.actor import Role
from domain.case import Case
from domain.commands import Command
from domain.crowd import Change, Crowd
from domain.errors import CityloopError, NotFound
from domain.events import Event
from domain.ids import CaseId, ReportId
from domain.lifecycle import Decision, decide
from domain.policy import Policy
from domain.standing import STRANGER, Standing
from handlers.outcomes import AlreadyDone, Done, Failed, Outcome
from handlers.quality import FirstDispatches
from store.cases import Link
from store.unit import Unit


class Docket:
    """The cases of one unit of work: decides commands on them one after another and saves them all at the end.

    ``crowd`` knows all standings that the commands can be about (``Cases.crowd``); without it none is about a report.
    """

    def __init__(self, cases: dict[CaseId, Case], unit: Unit, policy: Policy, crowd: Crowd | None = None) -> None:
        self._cases = cases
        self._unit = unit
        self._policy = policy
        self._stored = dict(cases)
        self._crowd = crowd or Crowd()
        self._links = _Links()
        self._events: list[Event] = []
        self._changed: dict[CaseId, None] = {}
        self._dispatches = FirstDispatches()

    def find(self, case: CaseId) -> Case | None:
        """A case as it stands on the docket."""
        return self._cases.get(case)

    def apply(self, command: Command) -> Outcome:
        """Decide one command on the docket's current state of its case."""
        try:
            return self._note(self._decide(command))
        except CityloopError as error:
            return Failed(error)

    def apply_both(self, command: Command, mirrored: Command) -> Outcome:
        """Decide two commands on two cases, both or neither; the outcome is the first one's."""
        try:
            first, second = self._decide(command), self._decide(mirrored)
        except CityloopError as error:
            return Failed(error)
        self._note(second)
        return self._note(first)

    def _decide(self, command: Command) -> Decision:
        case = self._cases.get(command.case) if command.case else None
        if command.case is not None and case is None:
            raise NotFound("case")
        return decide(case, self._crowd.informed(command, self._cases), self._unit.at, self._policy)

    def _note(self, decision: Decision) -> Outcome:
        after = decision.case
        if not decision.events:
            return AlreadyDone(after.id, after.version)
        for event in decision.events:
            self._dispatches.follow(self._cases.get(after.id), event, after)
            self._links.follow(event, self._crowd.follow(event))
        self._cases[after.id] = after
        self._changed[after.id] = None
        self._events.extend(decision.events)
        return Done(after.id, after.version)

    async def save(self) -> None:
        """Write every changed case and every event, in a handful of statements for the whole docket."""
        old = [(self._stored[case], self._cases[case]) for case in self._changed if case in self._stored]
        new = [self._cases[case] for case in self._changed if case not in self._stored]
        if new:
            await self._unit.cases.add(new)
        if old:
            await self._unit.cases.save(old)
        if not self._events:
            return
        await self._unit.events.append(self._events)
        await self._dispatches.save(self._unit)
        await self._links.save(self._unit)


@dataclass(frozen=True, slots=True)
class _Tie:
    """How a report stood to a case in the record, how it does now, and the step with which it came if it did."""

    stored: Standing
    now: Standing
    came: Event


class _Links:
    """What a docket's events change in the links of reports to cases, from first to last: a batch may merge and split.

    Whoever took a report back stays linked to the case, beside those who still wait for it.
    """

    def __init__(self) -> None:
        self._ties: dict[tuple[CaseId, ReportId], _Tie] = {}

    def follow(self, event: Event, changes: Sequence[Change]) -> None:
        """Take one more event into account."""
        for change in changes:
            tie = self._ties.get((change.case, change.report))
            came = tie.came if tie and change.before != STRANGER else event
            self._ties[change.case, change.report] = _Tie(tie.stored if tie else change.before, change.after, came)

    async def save(self, unit: Unit) -> None:
        """Bring the rows to what the reports' standings are now; a statement is sent only if it has rows."""
        ties = [(key, tie) for key, tie in self._ties.items() if tie.now != tie.stored]
        if gone := [key for key, tie in ties if tie.now == STRANGER]:
            await unit.cases.unlink(gone)
        moved = [(key, tie.now) for key, tie in ties if STRANGER not in (tie.stored, tie.now)]
        if moved:
            await unit.cases.restand(moved)
        await unit.cases.link([_link(key, tie) for key, tie in ties if tie.stored == STRANGER])


def _link(key: tuple[CaseId, ReportId], tie: _Tie) -> Link:
    """What comes by itself finds its home; what people add has one."""
    case, report = key
    opened = tie.came.opening is not None
    return Link(report, case, tie.came.at, tie.now, opened=opened, home=opened or tie.came.actor.role is Role.SYSTEM)
