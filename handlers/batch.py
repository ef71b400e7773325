"""A batch that fails for one member's sake is retried in halves until the culprit stands alone."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from domain.errors import Unavailable
from handlers.outcomes import Failed

T = TypeVar("T")
R = TypeVar("R")


async def in_halves(run: Callable[[Sequence[T]], Awaitable[Sequence[R]]], items: Sequence[T]) -> list[R | Failed]:
    """Run the batch; on an unexpected error split it, so that only the culprit fails. One outcome an item, in order.

    Raises ``Unavailable`` unchanged: a neighbour that is away is nobody's fault, and the door retries the whole.
    """
    if not items:
        return []
    try:
        outcomes: list[R | Failed] = list(await run(items))
    except Unavailable:
        raise
    except Exception as error:  # whatever a single member provoked must not sink its neighbours
        if len(items) == 1:
            return [Failed(error)]
        middle = len(items) // 2
        return await in_halves(run, items[:middle]) + await in_halves(run, items[middle:])
    if len(outcomes) != len(items):
        raise ValueError(f"{len(outcomes)} outcomes for {len(items)} items")
    return outcomes
