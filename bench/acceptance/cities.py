"""What a replay needs to know of a city, and what it found out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.acceptance.ledger import Found


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table: what, how many of how many, and the least share that is accepted (none: told only)."""

    name: str
    good: int
    of: int
    bound: float | None = None
    note: str = ""

    @property
    def share(self) -> float:
        """The share, 0 of nothing."""
        return self.good / self.of if self.of else 0.0

    @property
    def met(self) -> bool:
        """Whether the bound, if any, is met."""
        return self.bound is None or self.share >= self.bound


@dataclass(frozen=True, slots=True)
class City:
    """A city to replay: its rows' file, the mapping and the pack made for it, and how what was found is judged.

    ``keys`` are the tickets' numbers by the line of their row. ``judge`` gets every found row by
    its number.
    """

    name: str
    file: Path
    mapping: Path
    pack: Path
    keys: Mapping[int, str]
    method: Sequence[str]
    judge: Callable[[Mapping[str, Found]], Sequence[Figure]]
