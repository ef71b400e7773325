"""Emergency plans (预案): which one a case starts, and who its units are where the case is. Called by the office."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, datetime

from dispatch.roster import Roster
from domain.case import Case
from domain.catalogue import URGENCIES
from domain.plan import Activation, Plan, Share
from domain.task import Part


def plans_for(case: Case, plans: Iterable[Plan]) -> tuple[Plan, ...]:
    """The plans a filed case starts by itself, the most particular first; none where one is under way.

    A plan that names the category goes before one for its class, a graver one before a lesser one; the order of the
    pack decides nothing.
    """
    if case.plan is not None:
        return ()
    key = case.category.key if case.category else ""
    started = (plan for plan in plans if plan.triggered_by(case.category, case.urgency))
    return tuple(sorted(started, key=lambda p: (key not in p.categories, -URGENCIES.index(p.urgency), p.id)))


def resolve_plan(plan: Plan, areas: tuple[str, ...], at: datetime, roster: Roster) -> Activation | None:
    """The plan as it starts at ``at`` on a case in ``areas``: ``@kind`` is the unit of that kind there, the lead first.

    ``at`` is in the city's time, for units are there by the day. A share that nobody answers for is dropped, as is a
    second one of the same unit.
    The first lead leads and any further one assists. None if no lead is left: the plan cannot be started here.
    """
    shares = tuple(_resolved(plan, areas, at.date(), roster))
    if not shares or shares[0].part is not Part.LEAD:
        return None
    return Activation(plan.id, plan.name, shares, plan.levels, plan.alert, at)


def _resolved(plan: Plan, areas: tuple[str, ...], day: date, roster: Roster) -> Iterator[Share]:
    called: set[str] = set()
    for share in sorted(plan.shares, key=lambda share: share.part is not Part.LEAD):
        unit = roster.resolve(share.unit, areas, day)
        if unit is None or unit in called:
            continue
        second = share.part is Part.LEAD and bool(called)
        called.add(unit)
        yield replace(share, unit=unit, part=Part.ASSIST if second else share.part)
