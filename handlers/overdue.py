"""What is due: deadlines that ran out are marked and escalated, each exactly once, judged by the database's clock."""

from functools import partial

from domain.case import Clock
from domain.commands import SYSTEM, Command, Verb
from handlers.batch import in_halves
from handlers.outcomes import Done
from handlers.perform import Request, perform_many
from handlers.ports import Office


async def expire_due(office: Office, limit: int = 500) -> int:
    """Expire at most ``limit`` deadlines that are due; returns how many expired (0: nothing was due).

    Safe to run twice at once: the second finds the deadline no longer running.
    """
    async with office.store.unit() as unit:
        due = await unit.cases.due(limit)
    commands = [Command(Verb.EXPIRE, SYSTEM, case=d.case, clock=Clock(d.clock), cycle=d.cycle) for d in due]
    if not commands:
        return 0
    outcomes = await in_halves(partial(perform_many, office), [Request(command) for command in commands])
    return sum(isinstance(outcome, Done) for outcome in outcomes)
