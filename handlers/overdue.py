"""What is due: alarms of deadlines ring, each exactly once, judged by the database's clock.

An alarm warns, marks the breach, or escalates; the end of a suspension lets the case go on.
"""

from functools import partial

from domain.actor import SYSTEM
from domain.case import Clock
from domain.commands import Command, Verb
from handlers.batch import in_halves
from handlers.outcomes import Done
from handlers.perform import Request, perform_many
from handlers.ports import Office
from store.cases import Ringing


async def ring_due(office: Office, limit: int = 500) -> int:
    """Ring at most ``limit`` alarms that are due; returns how many rang (0: nothing was due).

    Safe to run twice at once: the second finds that the alarm has rung.
    """
    async with office.store.unit() as unit:
        ringing = await unit.cases.ringing(limit)
    if not ringing:
        return 0
    outcomes = await in_halves(partial(perform_many, office), [Request(_command(alarm)) for alarm in ringing])
    return sum(isinstance(outcome, Done) for outcome in outcomes)


def _command(alarm: Ringing) -> Command:
    return Command(_verb(alarm), SYSTEM, case=alarm.case, clock=alarm.clock, cycle=alarm.cycle, share=alarm.share)


def _verb(alarm: Ringing) -> Verb:
    if alarm.clock is Clock.SUSPENSION:
        return Verb.RESUME
    if alarm.share == 1.0:
        return Verb.EXPIRE
    return Verb.WARN if alarm.share < 1.0 else Verb.ESCALATE
