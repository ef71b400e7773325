"""People of the duty roster go away and come back; their deputies stand in from then on."""

from domain.absence import Absence
from domain.actor import Actor, Role
from domain.errors import NotFound, invalid
from handlers.ports import Office

_YEARS = range(2000, 9999)  # at the ends of time an offset leads out of it


async def go_away(office: Office, absence: Absence, by: Actor) -> None:
    """Somebody is away for a while; it replaces what was said of them before.

    A unit speaks for its own people only, and lets only them stand in. Raises ``NotFound`` for a person who is not on
    the roster, or not the unit's; ``Invalid``: ``timestamp-out-of-range``, ``interval-empty``, ``deputy-unknown``,
    ``deputy-self``.
    """
    _known(office, absence.person, by)
    for name, moment in (("since", absence.since), ("until", absence.until)):
        if moment.year not in _YEARS:
            raise invalid(f"/{name}", "timestamp-out-of-range", "时间超出范围")
    if absence.since >= absence.until:
        raise invalid("/until", "interval-empty", "时间段为空", "since lies before until")
    if absence.deputy == absence.person:
        raise invalid("/deputy", "deputy-self", "不能由本人代班")
    if absence.deputy and not _may_name(office, absence.deputy, by):
        raise invalid("/deputy", "deputy-unknown", "代班人员不存在")
    async with office.store.unit() as unit:
        await unit.duty.put(absence, by.id)


async def come_back(office: Office, person: str, by: Actor) -> None:
    """Somebody is back, or was never away. Raises ``NotFound`` as ``go_away`` does."""
    _known(office, person, by)
    async with office.store.unit() as unit:
        await unit.duty.end(person)


def _known(office: Office, person: str, by: Actor) -> None:
    if not _may_name(office, person, by):
        raise NotFound("person")


def _may_name(office: Office, person: str, by: Actor) -> bool:
    found = office.advisers.duty.people.get(person)
    return found is not None and (by.role is not Role.UNIT or found.unit == by.unit)
