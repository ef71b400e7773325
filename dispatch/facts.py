"""The flat, frozen record that dispatch rules may look at, and nothing else."""

from dataclasses import dataclass

from domain.case import Case
from domain.place import Level
from domain.task import Part, TaskState


@dataclass(frozen=True, slots=True)
class Facts:
    """What a rule may ask. ``areas`` are the area codes from the city down.

    ``refused_by`` holds the units that sent this case back as lead: it does not go to them again. ``level`` is set
    only for a case that was raised or lowered (提级, 下派): who answers at that level then leads, not the rule's unit.
    """

    category: str
    class_code: str
    areas: tuple[str, ...]
    source: str
    urgency: str
    condition: str
    refused_by: frozenset[str] = frozenset()
    level: str = ""


def facts_of(case: Case, starting_level: Level) -> Facts:
    """The facts of a filed case; ``starting_level`` is the policy's, where a case begins."""
    category, condition = case.category, case.condition
    return Facts(
        category=category.key if category else "",
        class_code=category.class_code if category else "",
        areas=case.place.path,
        source=case.source,
        urgency=case.urgency,
        condition=condition.id if condition else "",
        refused_by=frozenset(
            t.unit for t in case.tasks if t.unit and t.state is TaskState.SENT_BACK and t.part is Part.LEAD
        ),
        level="" if case.level in (None, starting_level) else case.level,
    )
