"""When what is broken: made from a seed before the drill begins, printed with it, carried out by how far it has come.

By progress and not by time: a loaded machine is slower, and the faults must still fall among the work.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

_LOOK_EVERY = 0.02


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One fault. ``at`` is the progress, 0 to 1, at which it begins; ``seconds`` is how long it lasts, 0 a moment."""

    at: float
    kind: str
    target: str = ""
    seconds: float = 0.0


def spread(
    dice: random.Random, count: int, kind: str, targets: Sequence[str] = ("",), *, seconds: float = 0.0,
    begin: float = 0.05, end: float = 0.95,
) -> list[Fault]:  # fmt: skip
    """``count`` faults of a kind, one somewhere in each of ``count`` equal parts; the targets take turns."""
    width = (end - begin) / count if count else 0.0
    order = dice.sample(list(targets), len(targets))
    return [
        Fault(round(begin + width * (n + dice.random()), 4), kind, order[n % len(order)], seconds) for n in range(count)
    ]


def printed(faults: Sequence[Fault]) -> str:
    """The schedule as text, in order."""
    return "\n".join(_lines(faults))


def _lines(faults: Sequence[Fault]) -> Iterator[str]:
    for fault in sorted(faults):
        lasts = f" for {fault.seconds:g} s" if fault.seconds else ""
        yield f"{fault.at:7.2%} {fault.kind} {fault.target}".rstrip() + lasts


async def carry_out(
    faults: Sequence[Fault], does: Mapping[str, Callable[[Fault], Awaitable[None]]], progress: Callable[[], float]
) -> None:
    """Do each fault when its progress is reached, several at once if they overlap; returns when the last has ended.

    Cancelled, it cancels what is under way.
    """

    async def begin(fault: Fault) -> None:
        await does[fault.kind](fault)

    async with asyncio.TaskGroup() as running:
        for fault in sorted(faults):
            while progress() < fault.at:
                await asyncio.sleep(_LOOK_EVERY)
            running.create_task(begin(fault))
