"""One row of a table, however it is written."""

from collections.abc import Sequence
from dataclasses import dataclass

from domain.errors import Fault


@dataclass(frozen=True, slots=True)
class Row:
    """One row: the line it begins in, and its cells, or what keeps it from having any."""

    line: int
    cells: Sequence[str] = ()
    fault: Fault | None = None
