"""From report to case: where is it, what is it, is it the same one? Joins an open case or opens a new one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from classify.classifier import Classification
from classify.rules import Keywords
from domain.actor import SYSTEM
from domain.asset import Asset, completed
from domain.catalogue import URGENCIES, Urgency
from domain.commands import Command, Opening, Verb
from domain.duplicates import Candidate, same_incident, suggestions
from domain.ids import CaseId, CaseNo, ReportId
from domain.likeness import Sighting
from domain.place import Place, Point
from domain.report import Report
from handlers.docket import Docket
from handlers.nearby import Nearby
from handlers.outcomes import AlreadyDone, Done, Failed, Outcome
from handlers.ports import Office
from handlers.tickets import Heard, open_many
from store.duplicates import Suspected
from store.unit import Unit


@dataclass(frozen=True, slots=True)
class Advised:
    """A report with what the advisers said of it."""

    report: Report
    place: Place
    point: Point | None
    what: Classification
    seen: Sighting
    """What likeness looks at; when it happened is as the sender says, else when we heard of it."""
    tags: tuple[str, ...]
    """What its words were heard to speak of, for the rulebook."""

    @property
    def urgency(self) -> Urgency:
        """The gravest of what the sender says, what the condition is, and what the words were heard to say."""
        condition = self.what.condition
        of_condition = condition.urgency if condition else Urgency.NORMAL
        return max(self.report.urgency, of_condition, self.what.wish.urgency, key=URGENCIES.index)


async def file_many(office: Office, ids: Sequence[ReportId]) -> list[Outcome]:
    """Give each report its case: joined to an open one, filed as a new one, or registered for the desk when in doubt.

    One outcome an id, in order; ``AlreadyDone`` for a report that has its case. One transaction for the batch.
    """
    async with office.store.unit(lock=ids) as unit:
        reports = await unit.reports.unfiled(ids)
        advised = _advised(office, reports, await _assets(unit, reports))
        policy = office.advisers.policy
        nearby = Nearby(await unit.cases.open_near([one.seen for one in advised], policy), policy)
        likely = [found.case for one in advised if (found := same_incident(one.seen, nearby.around(one.seen), policy))]
        await unit.lock(likely)
        crowd = await unit.cases.crowd(likely, [one.report.id for one in advised])
        docket = Docket(await unit.cases.load(likely), unit, policy, crowd)
        filing = _Filing(office, docket, unit.at, nearby, await unit.cases.serials(len(advised)))
        cases = {one.report.id: filing.case_for(one) for one in advised}
        await docket.save()
        await unit.duplicates.keep(filing.suspected, unit.at)
        await open_many(unit, [Heard(one.report, one.what.category, one.urgency) for one in advised], policy)
    return [Done(cases[report]) if report in cases else AlreadyDone(report) for report in ids]


async def _assets(unit: Unit, reports: Sequence[Report]) -> dict[str, Asset]:
    """The components that reports of the batch name."""
    return await unit.assets.known(sorted({report.asset for report in reports if report.asset}))


def _advised(office: Office, reports: Sequence[Report], assets: Mapping[str, Asset]) -> list[Advised]:
    known = [completed(report, assets) for report in reports]
    places = office.advisers.where.places_of(known)
    classifications = office.advisers.what.classify_many(known)
    return [
        _one(report, place, point, what, office.advisers.tags)
        for report, (place, point), what in zip(reports, places, classifications, strict=True)
    ]


def _one(report: Report, place: Place, point: Point | None, what: Classification, tags: Keywords) -> Advised:
    category = what.category.key if what.category else ""
    happened_at = min(report.occurred_at or report.received_at, report.received_at)  # its clock may be ahead of ours
    seen = Sighting(category, happened_at, point, report.asset or "", report.text, report.address)
    heard = dict.fromkeys(hit.rule.category for hit in tags.hits(report.text))
    if what.wish.wants:
        heard[what.wish.wants] = None
    return Advised(report, place, point, what, seen, tuple(heard))


class _Filing:
    """Files one batch on its docket."""

    def __init__(self, office: Office, docket: Docket, at: datetime, nearby: Nearby, serials: Sequence[int]) -> None:
        self._office = office
        self._policy = office.advisers.policy
        self._docket = docket
        self._at = at
        self._nearby = nearby
        self._serials = iter(serials)
        self.suspected: list[Suspected] = []

    def case_for(self, one: Advised) -> CaseId:
        """Join the report to the case of the same incident, or open a case for it."""
        around = self._nearby.around(one.seen)
        match = same_incident(one.seen, around, self._policy)
        if match is not None:
            command = Command(Verb.JOIN, SYSTEM, case=match.case, report=one.report.id, reason=match.reason)
            if not isinstance(self._docket.apply(command), Failed):
                return match.case
        return self._open(one, around)

    def _open(self, one: Advised, around: Sequence[Candidate]) -> CaseId:
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
            occurred_at=one.seen.at,
            component=one.seen.component,
            caller=one.report.caller,
            tags=one.tags,
        )
        outcome = self._docket.apply(Command(self._verb(one), SYSTEM, opening=opening))
        if isinstance(outcome, Failed):
            raise outcome.error
        self.suspected += [Suspected(case, match) for match in suggestions(one.seen, around, self._policy)]
        if one.seen.category:
            self._nearby.add(Candidate(case, one.seen))
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
