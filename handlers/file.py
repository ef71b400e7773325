"""From report to case: where is it, what is it, is it the same one? Joins an open case or opens a new one."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from classify.classifier import Classification
from domain.catalogue import Urgency
from domain.commands import SYSTEM, Command, Opening, Verb
from domain.duplicates import Candidate, Match, cell, same_incident
from domain.ids import CaseId, CaseNo, ReportId
from domain.place import Place, Point
from domain.report import Report
from handlers.outcomes import AlreadyDone, Done, Failed, Outcome
from handlers.perform import Docket
from handlers.ports import Office
from store.reports import Link
from store.unit import Unit


@dataclass(frozen=True, slots=True)
class Advised:
    """A report with what the advisers said of it."""

    report: Report
    place: Place
    point: Point | None
    what: Classification

    @property
    def category(self) -> str:
        """Key of the category, empty if unclassified."""
        return self.what.category.key if self.what.category else ""


async def file_many(office: Office, ids: Sequence[ReportId]) -> list[Outcome]:
    """Give each report its case: joined to an open one, filed as a new one, or registered for the desk when in doubt.

    One outcome an id, in order; ``AlreadyDone`` for a report that has its case. One transaction for the batch.
    """
    async with office.store.unit(lock=ids) as unit:
        advised = _advised(office, await unit.reports.unfiled(ids))
        nearby = await _open_near(unit, advised)
        await unit.lock([candidate.case for candidate in nearby])
        docket = Docket(await unit.cases.load([c.case for c in nearby]), unit, office.advisers.policy)
        filing = _Filing(office, docket, unit.at, nearby, await unit.cases.serials(len(advised)))
        links = [filing.link(one) for one in advised]
        await docket.save()
        await unit.reports.link(links)
    cases = {link.report: link.case for link in links}
    return [Done(cases[report]) if report in cases else AlreadyDone(report) for report in ids]


def _advised(office: Office, reports: Sequence[Report]) -> list[Advised]:
    places = office.advisers.where.places_of(reports)
    classifications = office.advisers.what.classify_many(reports)
    return [
        Advised(report, place, point, what)
        for report, (place, point), what in zip(reports, places, classifications, strict=True)
    ]


async def _open_near(unit: Unit, advised: Sequence[Advised]) -> list[Candidate]:
    near = [(one.category, one.point) for one in advised if one.point and one.category]
    return await unit.cases.open_near([category for category, _ in near], [point for _, point in near])


class _Filing:
    """Files one batch: remembers the cases it opens, so that two reports of one incident in a batch meet too."""

    def __init__(
        self, office: Office, docket: Docket, at: datetime, nearby: Sequence[Candidate], serials: Sequence[int]
    ) -> None:
        self._office = office
        self._policy = office.advisers.policy
        self._docket = docket
        self._at = at
        self._serials = iter(serials)
        self._nearby: dict[tuple[str, int, int], list[Candidate]] = defaultdict(list)
        for candidate in nearby:
            self._remember(candidate)

    def link(self, one: Advised) -> Link:
        """Join the report to the case of the same incident, or open a case for it."""
        for candidate in self._same(one):
            command = Command(Verb.JOIN, SYSTEM, case=candidate.case, report=one.report.id, reason=candidate.reason)
            if not isinstance(self._docket.apply(command), Failed):
                return Link(one.report.id, candidate.case, opened=False, at=self._at)
        return Link(one.report.id, self._open(one), opened=True, at=self._at)

    def _same(self, one: Advised) -> Sequence[Match]:
        if one.point is None or not one.category:
            return ()
        x, y = cell(one.point)
        around = [
            candidate
            for dx in (-1, 0, 1)
            for dy in (-1, 0, 1)
            for candidate in self._nearby.get((one.category, x + dx, y + dy), ())
        ]
        match = same_incident(one.category, one.point, self._at, around, self._policy)
        return (match,) if match else ()

    def _open(self, one: Advised) -> CaseId:
        case = CaseId(self._office.new_id())
        day = self._at.astimezone(self._policy.calendar.zone).date()
        what = one.what
        sure = what.judgement.confidence >= self._policy.auto_file_from
        opening = Opening(
            case=case,
            no=str(CaseNo(self._office.advisers.prefix, day, next(self._serials))),
            report=one.report.id,
            source=one.report.source,
            place=one.place,
            point=one.point,
            urgency=_gravest(one.report.urgency, what.condition.urgency if what.condition else Urgency.NORMAL),
            what=what.judgement,
            category=what.category,
            condition=what.condition,
        )
        verb = Verb.FILE if what.category and sure and one.place.certain else Verb.REGISTER
        outcome = self._docket.apply(Command(verb, SYSTEM, opening=opening))
        if isinstance(outcome, Failed):
            raise outcome.error
        if one.point and one.category:
            self._remember(Candidate(case, one.category, self._at, one.point))
        return case

    def _remember(self, candidate: Candidate) -> None:
        self._nearby[candidate.category, *cell(candidate.point)].append(candidate)


_GRAVITY = tuple(Urgency)


def _gravest(*urgencies: Urgency) -> Urgency:
    return max(urgencies, key=_GRAVITY.index)
