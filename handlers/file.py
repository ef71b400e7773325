"""From report to case: where is it, what is it, is it the same one? Joins an open case or opens a new one."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from classify.classifier import Classification
from domain.actor import SYSTEM
from domain.asset import Asset, completed
from domain.catalogue import URGENCIES, Urgency
from domain.commands import Command, Opening, Verb
from domain.duplicates import Candidate, Match, cell, same_incident
from domain.ids import CaseId, CaseNo, ReportId
from domain.place import Place, Point
from domain.policy import Policy
from domain.report import Report
from handlers.docket import Docket
from handlers.outcomes import AlreadyDone, Done, Failed, Outcome
from handlers.ports import Office
from handlers.tickets import Heard, open_many
from store.unit import Unit


@dataclass(frozen=True, slots=True)
class Advised:
    """A report with what the advisers said of it."""

    report: Report
    place: Place
    point: Point | None
    what: Classification
    category: str
    """Key of the category, empty if unclassified."""

    @property
    def urgency(self) -> Urgency:
        """The graver of what the sender says and what the condition is."""
        condition = self.what.condition
        return _gravest(self.report.urgency, condition.urgency if condition else Urgency.NORMAL)

    @property
    def happened_at(self) -> datetime:
        """When it happened, as the sender says; else when we heard of it."""
        return self.report.occurred_at or self.report.received_at


async def file_many(office: Office, ids: Sequence[ReportId]) -> list[Outcome]:
    """Give each report its case: joined to an open one, filed as a new one, or registered for the desk when in doubt.

    One outcome an id, in order; ``AlreadyDone`` for a report that has its case. One transaction for the batch.
    """
    async with office.store.unit(lock=ids) as unit:
        reports = await unit.reports.unfiled(ids)
        advised = _advised(office, reports, await _assets(unit, reports))
        policy = office.advisers.policy
        nearby = _Nearby(await _open_near(unit, advised, policy.join_within), policy)
        likely = [match.case for one in advised if (match := nearby.match(one))]
        await unit.lock(likely)
        docket = Docket(await unit.cases.load(likely), unit, policy)
        filing = _Filing(office, docket, unit.at, nearby, await unit.cases.serials(len(advised)))
        cases = {one.report.id: filing.case_for(one) for one in advised}
        await docket.save()
        await open_many(unit, [Heard(one.report, one.what.category, one.urgency) for one in advised], policy)
    return [Done(cases[report]) if report in cases else AlreadyDone(report) for report in ids]


async def _assets(unit: Unit, reports: Sequence[Report]) -> dict[str, Asset]:
    """The components that reports of the batch name; asked for only if there are any."""
    named = {report.asset for report in reports if report.asset}
    return await unit.assets.known(sorted(named)) if named else {}


def _advised(office: Office, reports: Sequence[Report], assets: Mapping[str, Asset]) -> list[Advised]:
    known = [completed(report, assets) for report in reports]
    places = office.advisers.where.places_of(known)
    classifications = office.advisers.what.classify_many(known)
    return [
        Advised(report, place, point, what, what.category.key if what.category else "")
        for report, (place, point), what in zip(reports, places, classifications, strict=True)
    ]


async def _open_near(unit: Unit, advised: Sequence[Advised], within: timedelta) -> list[Candidate]:
    sought = [(one.category, one.point, one.happened_at) for one in advised if one.point and one.category]
    return await unit.cases.open_near(sought, within) if within else []


class _Nearby:
    """Open cases by category and lattice cell; those opened on the way are added, so that a batch meets itself too."""

    def __init__(self, candidates: Sequence[Candidate], policy: Policy) -> None:
        self._policy = policy
        self._by_spot: dict[tuple[str, int, int], list[Candidate]] = defaultdict(list)
        for candidate in candidates:
            self.add(candidate)

    def add(self, candidate: Candidate) -> None:
        """Remember an open case in its cell and the eight around it, so that one look finds what is near."""
        x, y = cell(candidate.point)
        for dx in (-1, 0, 1):
            for dy in (-1, 0, 1):
                self._by_spot[candidate.category, x + dx, y + dy].append(candidate)

    def match(self, one: Advised) -> Match | None:
        """The open case of the same incident, if any."""
        if one.point is None or not one.category:
            return None
        around = self._by_spot.get((one.category, *cell(one.point)))
        return same_incident(one.category, one.point, one.happened_at, around, self._policy) if around else None


class _Filing:
    """Files one batch on its docket."""

    def __init__(self, office: Office, docket: Docket, at: datetime, nearby: _Nearby, serials: Sequence[int]) -> None:
        self._office = office
        self._policy = office.advisers.policy
        self._docket = docket
        self._at = at
        self._nearby = nearby
        self._serials = iter(serials)

    def case_for(self, one: Advised) -> CaseId:
        """Join the report to the case of the same incident, or open a case for it."""
        match = self._nearby.match(one)
        if match is not None:
            command = Command(Verb.JOIN, SYSTEM, case=match.case, report=one.report.id, reason=match.reason)
            if not isinstance(self._docket.apply(command), Failed):
                return match.case
        return self._open(one)

    def _open(self, one: Advised) -> CaseId:
        case = CaseId(self._office.new_id())
        day = self._at.astimezone(self._policy.calendar.zone).date()
        what = one.what
        opening = Opening(
            case=case,
            no=str(CaseNo(self._office.advisers.prefix, day, next(self._serials))),
            report=one.report.id,
            source=one.report.source,
            place=one.place,
            point=one.point,
            urgency=one.urgency,
            what=what.judgement,
            category=what.category,
            condition=what.condition,
            occurred_at=one.happened_at,
        )
        outcome = self._docket.apply(Command(self._verb(one), SYSTEM, opening=opening))
        if isinstance(outcome, Failed):
            raise outcome.error
        if one.point and one.category:
            self._nearby.add(Candidate(case, one.category, one.happened_at, one.point))
        return case

    def _verb(self, one: Advised) -> Verb:
        """How far the case goes by itself: filed, accepted, or registered for the desk."""
        policy, sure = self._policy, one.what.judgement.confidence
        if not one.what.category or not one.place.certain or one.report.source in policy.auto_verify:
            return Verb.REGISTER
        if sure >= policy.auto_file_from:
            return Verb.FILE
        admits = policy.steps.filing and policy.auto_admit_from is not None and sure >= policy.auto_admit_from
        return Verb.ADMIT if admits else Verb.REGISTER


def _gravest(*urgencies: Urgency) -> Urgency:
    return max(urgencies, key=URGENCIES.index)
