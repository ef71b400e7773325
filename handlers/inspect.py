"""Inspectors: who is on duty, and who is sent to the spot (核实, 核查, 抽查)."""

from collections.abc import Sequence
from datetime import timedelta

from dispatch.inspectors import Presence, Spot, nearest_many
from domain.case import Case
from domain.commands import Verb
from domain.ids import CaseId
from domain.place import Point
from handlers.ports import Office
from store.presences import OnDuty
from store.unit import Unit

SENDS = frozenset({Verb.VERIFY, Verb.CHECK, Verb.SPOT_CHECK})
_ON_DUTY = timedelta(hours=12)  # a phone that forgot to say good night does not stay on duty for ever


async def go_on_duty(office: Office, inspector: str, point: Point | None) -> None:
    """An inspector is on duty, at this point if it is known. Raises ``Unavailable``."""
    (here,) = office.advisers.where.in_wgs84([point])
    async with office.store.unit() as unit:
        await unit.presences.put(inspector, here)


async def go_off_duty(office: Office, inspector: str) -> None:
    """An inspector goes off duty. Raises ``Unavailable``."""
    async with office.store.unit() as unit:
        await unit.presences.end(inspector)


async def nearest_inspectors(unit: Unit, cases: Sequence[Case]) -> dict[CaseId, str]:
    """The inspector to send to each case, in one query for all; a case nobody can go to is absent.

    Who did the last check on a case does not do the next: a second pair of eyes sees more.
    """
    if not cases:
        return {}
    presences = [_presence(one) for one in await unit.presences.on_duty(_ON_DUTY)]
    spots = [Spot(case.point, case.place.path, _seen_before(case)) for case in cases]
    sent = nearest_many(spots, presences, unit.at)
    return {case.id: inspector for case, inspector in zip(cases, sent, strict=True) if inspector is not None}


def _presence(one: OnDuty) -> Presence:
    areas = tuple(key.rstrip("/").rpartition("/")[2] for key in one.areas)
    return Presence(one.inspector, one.point, one.seen_at, areas, one.open_tasks)


def _seen_before(case: Case) -> frozenset[str]:
    return frozenset(task.worker for task in case.tasks if task.on_site and task.worker and not task.open)
