"""The flat, frozen record that dispatch rules may look at, and nothing else."""

from dataclasses import dataclass

from domain.case import Case


@dataclass(frozen=True, slots=True)
class Facts:
    """What a rule may ask. ``areas`` are the area codes from the city down; ``send_backs`` counts earlier refusals.

    ``refused_by`` holds the units that sent this case back before: a rule may not choose them again.
    """

    category: str
    class_code: str
    areas: tuple[str, ...]
    source: str
    urgency: str
    condition: str
    refused_by: frozenset[str] = frozenset()


def facts_of(case: Case) -> Facts:
    """The facts of a filed case."""
    category, condition = case.category, case.condition
    return Facts(
        category=category.key if category else "",
        class_code=category.class_code if category else "",
        areas=case.place.path,
        source=case.source,
        urgency=case.urgency,
        condition=condition.id if condition else "",
        refused_by=frozenset(t.unit for t in case.tasks if t.state == "sent_back" and t.part == "lead"),
    )
