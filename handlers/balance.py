"""Where the rulebook leaves a choice of leading units, the office asks who is on duty and what each has to do."""

from collections.abc import Sequence

from dispatch.balance import Balance
from domain.case import Case, Verdict
from handlers.ports import Office
from store.unit import Unit


async def balanced(office: Office, unit: Unit, cases: Sequence[Case], verdicts: Sequence[Verdict]) -> Sequence[Verdict]:
    """The verdicts on these cases with every choice settled; two queries for all, none where nothing is to choose."""
    units = sorted({name for verdict in verdicts for name in verdict.choice})
    if not units:
        return verdicts
    duty = office.advisers.duty
    absences = await unit.duty.absences() if duty.people else ()
    balance = Balance(duty.at(unit.at, absences), await unit.duty.open_load(units))
    return balance.settle_many(verdicts, [case.point for case in cases])
