"""Incidents of sensors that have passed by themselves (自动恢复): their cases are told, or end, as the policy says.

Looked for by the sweep, because an incident may be over before its report is filed.
"""

from functools import partial

from domain.actor import SYSTEM
from domain.commands import Command, Verb
from domain.errors import CityloopError
from handlers.batch import in_halves
from handlers.outcomes import Done, Failed
from handlers.perform import Request, perform_many
from handlers.ports import Office
from store.sensor_alarms import Recovered


async def note_recoveries(office: Office, limit: int = 200) -> int:
    """Tell at most ``limit`` cases that what their sensors saw is over; returns how many took it in.

    A case that has ended needs to know nothing. Safe to run twice at once: the second finds it said.
    """
    async with office.store.unit() as unit:
        recovered = await unit.sensor_alarms.recovered(limit)
    if not recovered:
        return 0
    outcomes = await in_halves(partial(perform_many, office), [_request(one) for one in recovered])
    said = [
        one.incident
        for one, outcome in zip(recovered, outcomes, strict=True)
        if not isinstance(outcome, Failed) or isinstance(outcome.error, CityloopError)
    ]
    async with office.store.unit() as unit:
        await unit.sensor_alarms.noted(said)
    return sum(isinstance(outcome, Done) for outcome in outcomes)


def _request(one: Recovered) -> Request:
    command = Command(Verb.RECOVER, SYSTEM, case=one.case, report=one.report, reason="recovered")
    return Request(command, f"recovered {one.incident}", one.incident.bytes)
