"""Reading and blanking bytes of a file that may be large: shared by the modules that know formats."""

from dataclasses import dataclass
from mmap import mmap
from typing import TypeAlias

Data: TypeAlias = bytes | mmap
"""A file's content, in memory or mapped; never empty."""


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes ``start`` to ``end`` (exclusive) that are written anew: with ``content``, the rest with zeros."""

    start: int
    end: int
    content: bytes = b""


def number(data: Data, at: int, size: int) -> int:
    """A big-endian number of ``size`` bytes; beyond the end of the file bytes count as absent."""
    return int.from_bytes(data[at : at + size], "big")


def little(data: Data, at: int, size: int) -> int:
    """A little-endian number of ``size`` bytes; beyond the end of the file bytes count as absent."""
    return int.from_bytes(data[at : at + size], "little")
