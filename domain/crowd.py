"""Which reports stand behind which cases, as rows beside the cases: one case may have a hundred thousand behind it.

A case holds their number; a command carries what the law must know of the reports it is about. ``Crowd`` tells it, and
follows what happens; each costs what it is about, however many stand behind the case. For the docket.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from domain.case import Case
from domain.commands import Command, Verb
from domain.events import NAMES, Event
from domain.ids import CaseId, ReportId
from domain.standing import STRANGER, Standing

_CAME = {NAMES[Verb.JOIN]: True, NAMES[Verb.ABSORB]: False}
"""The steps with which reports come, and whether they come by themselves."""


@dataclass(frozen=True, slots=True)
class Change:
    """A report that came to a case or went."""

    case: CaseId
    report: ReportId
    before: Standing
    after: Standing


class Crowd:
    """The standings that have been looked up, and what became of them since. A pair that is not there is a stranger."""

    def __init__(self, known: Iterable[tuple[CaseId, ReportId, Standing]] = ()) -> None:
        self._cases: dict[CaseId, dict[ReportId, Standing]] = defaultdict(dict)
        for case, report, standing in known:
            self._cases[case][report] = standing

    def of(self, case: CaseId, report: ReportId) -> Standing:
        """How a report stands to a case."""
        return self._cases.get(case, {}).get(report, STRANGER)

    def behind(self, case: CaseId) -> tuple[ReportId, ...]:
        """The reports behind a case, those that came first first."""
        return tuple(report for report, standing in self._cases.get(case, {}).items() if standing.behind)

    def informed(self, command: Command, cases: Mapping[CaseId, Case]) -> Command:
        """The command with what the law must know of the reports it is about; ``cases`` as they are now."""
        case = cases.get(command.case) if command.case else None
        if case is None:
            return command
        if command.verb is Verb.ABSORB and command.other:
            return replace(command, reports=self._coming(command.other.id, case.id))
        if command.verb is Verb.RELEASE and command.other:
            return replace(command, reports=self._going(command.other.id, case))
        return replace(command, standing=self.of(case.id, command.report)) if command.report else command

    def _coming(self, other: CaseId, case: CaseId) -> tuple[ReportId, ...]:
        """What a merged case brings: all that stood behind it, but for those who stand behind the main case anyway."""
        return tuple(report for report in self.behind(other) if not self.of(case, report).behind)

    def _going(self, other: CaseId, case: Case) -> tuple[ReportId, ...]:
        """What leaves with a case that is split off: what came with it, and with no other merged case too."""
        others = [absorbed for absorbed in case.absorbed if absorbed != other]
        return tuple(
            report
            for report in self.behind(other)
            if (standing := self.of(case.id, report)).behind
            and not standing.own
            and not any(self.of(each, report).behind for each in others)
        )

    def follow(self, event: Event) -> list[Change]:
        """Take one more step of a case into account; what it changed, in the event's order."""
        if event.opening is not None:
            return [self._move(event.case, event.opening.report, behind=True, own=True)]
        if event.type in _CAME:
            return [self._move(event.case, report, behind=True, own=_CAME[event.type]) for report in event.reports]
        if event.type == NAMES[Verb.WITHDRAW]:
            return [self._move(event.case, report, behind=False, withdrawn=True) for report in event.reports]
        if event.type == NAMES[Verb.RELEASE]:
            return [self._move(event.case, report, behind=False) for report in event.reports]
        return []

    def _move(self, case: CaseId, report: ReportId, **now: bool) -> Change:
        before = self.of(case, report)
        after = replace(before, **now)
        if after.behind or after.withdrawn:
            self._cases[case][report] = after
        else:
            after = STRANGER
            self._cases[case].pop(report, None)
        return Change(case, report, before, after)
