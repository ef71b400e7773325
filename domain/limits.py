"""Which limit a clock runs by, where it comes from, and the calendar it counts on. For ``domain.deadlines``."""

from datetime import datetime

from domain.case import Case, Clock
from domain.catalogue import Condition, Urgency
from domain.clock import Limit
from domain.commands import Command, Verb
from domain.place import Level
from domain.policy import Policy
from domain.task import Part, Task

Found = tuple[Limit | None, str, str]


def limit_of(
    case: Case | None, command: Command, clock: Clock, task: Task | None, at: datetime, policy: Policy
) -> Found:
    """The limit that a clock set at ``at`` runs by (None: the city sets none), its origin, its calendar's name.

    A plan's limit beats the rework limit, that the dispatch rule's own, that a rule for the level, that the filing
    condition, that the city's rule.
    """
    if task is not None and task.limit is not None:
        return task.limit, _plan_origin(case, command), ""
    if clock is Clock.DISPOSAL and command.verb is Verb.ACTIVATE and command.plan:
        lead = next((share.limit for share in command.plan.shares if share.part is Part.LEAD), None)
        if lead is not None:
            return lead, _plan_origin(case, command), ""
    if clock is Clock.DISPOSAL and command.verb is Verb.FAIL and policy.rework_limit:
        return policy.rework_limit, "policy.rework_limit", ""
    verdict = command.verdict or (case.verdict if case else None)
    if clock in (Clock.DISPOSAL, Clock.ASSIST) and verdict is not None and verdict.limit is not None:
        return verdict.limit, f"rule {verdict.rule}", ""
    rule = policy.limit(clock, *_urgency_and_level(case, command, policy))
    ruled: Found = (rule.limit, f"policy.limits.{clock}", rule.calendar) if rule else (None, "", "")
    if clock not in (Clock.DISPOSAL, Clock.ASSIST) or (rule and rule.level):
        return ruled
    condition = case.condition if case else None
    if condition is not None:
        return _of_condition(condition, at, policy)
    return ruled if rule else (policy.default_limit, "policy.default_limit", "")


def _urgency_and_level(case: Case | None, command: Command, policy: Policy) -> tuple[Urgency, Level | None]:
    """How urgent the case is and who handles it, as they are after the command."""
    if case is None:
        return command.opening.urgency if command.opening else Urgency.NORMAL, policy.starting_level
    moves = command.verb in (Verb.RAISE, Verb.LOWER)
    return case.urgency, command.level if moves else case.level


def _of_condition(condition: Condition, at: datetime, policy: Policy) -> Found:
    day = at.astimezone(policy.calendar.zone).date()
    return condition.limit_on(day), f"condition {condition.id}", condition.calendar


def _plan_origin(case: Case | None, command: Command) -> str:
    plan = command.plan or (case.plan if case else None)
    return f"plan {plan.plan}" if plan else "task"
