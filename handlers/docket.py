"""The docket: the cases of one unit of work while commands are decided on them."""

from collections.abc import Sequence

from domain.actor import Role
from domain.case import Case
from domain.commands import Command, Verb
from domain.errors import CityloopError, NotFound
from domain.events import NAMES, Event
from domain.ids import CaseId, ReportId
from domain.lifecycle import Decision, decide
from domain.policy import Policy
from handlers.outcomes import AlreadyDone, Done, Failed, Outcome
from store.cases import Link
from store.unit import Unit

_COMES = frozenset({NAMES[Verb.JOIN], NAMES[Verb.ABSORB]})


class Docket:
    """The cases of one unit of work: decides commands on them one after another and saves them all at the end."""

    def __init__(self, cases: dict[CaseId, Case], unit: Unit, policy: Policy) -> None:
        self._cases = cases
        self._unit = unit
        self._policy = policy
        self._stored = dict(cases)
        self._events: list[Event] = []
        self._changed: dict[CaseId, None] = {}

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
        return decide(case, command, self._unit.at, self._policy)

    def _note(self, decision: Decision) -> Outcome:
        after = decision.case
        if not decision.events:
            return AlreadyDone(after.id, after.version)
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
        links = _Links([case for case, _ in old])
        for event in self._events:
            links.follow(event)
        if links.gone:
            await self._unit.cases.unlink(list(links.gone))
        await self._unit.cases.link(list(links.came.values()))


class _Links:
    """What a docket's events change in the links of reports to cases, from first to last: a batch may merge and split.

    Whoever took a report back stays linked to the case, beside those who still wait for it.
    """

    def __init__(self, stored: Sequence[Case]) -> None:
        self._linked = {(r, case.id) for case in stored for r in (*case.reports, *case.withdrawn)}
        self._withdrawn = {(report, case.id) for case in stored for report in case.withdrawn}
        self.came: dict[tuple[ReportId, CaseId], Link] = {}
        self.gone: dict[tuple[ReportId, CaseId], None] = {}

    def follow(self, event: Event) -> None:
        """Take one more event into account."""
        if event.opening is not None:
            # what comes by itself finds its home; what people add has one
            self._come(Link(event.opening.report, event.case, event.at, opened=True, home=True))
        elif event.type in _COMES:
            home = event.actor.role is Role.SYSTEM
            for report in event.reports:
                self._come(Link(report, event.case, event.at, home=home))
        elif event.type == NAMES[Verb.WITHDRAW]:
            self._withdrawn |= {(report, event.case) for report in event.reports}
        elif event.type == NAMES[Verb.RELEASE]:
            for report in event.reports:
                self._go((report, event.case))

    def _come(self, link: Link) -> None:
        key = (link.report, link.case)
        if key not in self._linked:
            self._linked.add(key)
            self.came[key] = link

    def _go(self, key: tuple[ReportId, CaseId]) -> None:
        if key in self._withdrawn or key not in self._linked:
            return
        self._linked.discard(key)
        if self.came.pop(key, None) is None:
            self.gone[key] = None
