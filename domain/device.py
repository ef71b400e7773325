"""A device (感知设备) in the city's register: where it stands, by which gateway it speaks, whose it is."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntFlag, StrEnum
from math import isfinite

from domain.errors import invalid
from domain.ids import UnitId
from domain.place import Crs, Point

MAX_LIMITS = 32
RESERVED = "unknown"
"""No device is called so: it is where those nobody registered are listed."""
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._:~-]{0,62}[A-Za-z0-9])?")


class UnknownReason(StrEnum):
    """Why a reading's device is kept apart: nobody registered it, or it spoke by another gateway than registered."""

    UNKNOWN = "unknown"
    GATEWAY_MISMATCH = "gateway-mismatch"


class Keeping(StrEnum):
    """What is kept of raw readings: each in PostgreSQL, each in files, or how many there were."""

    DATABASE = "database"
    FILES = "files"
    COUNTS = "counts"


class ReadingFlag(IntFlag):
    """What was found about a reading that is kept: bits of one number."""

    CLOCK_SUSPECT = 1
    OUT_OF_RANGE = 2
    WRONG_GATEWAY = 4


@dataclass(frozen=True, slots=True)
class Device:
    """A device as registered.

    ``gateway`` is its own id where it speaks for itself. ``point`` is in WGS-84, ``crs`` the system it was given in;
    ``grid`` is as registered, else as the point says; ``area`` are the area codes from the top down. ``unit`` is whose
    it is, ``accuracy`` that of a value in the measure of its kind. ``limits`` are its own values of (raise, clear) by
    rule. ``no`` is 0 until it is registered: readings are kept under it.
    """

    id: str
    kind: str
    gateway: str
    name: str = ""
    point: Point | None = None
    crs: Crs | None = None
    grid: str | None = None
    area: tuple[str, ...] = ()
    network: str | None = None
    unit: UnitId | None = None
    component: str | None = None
    accuracy: float | None = None
    limits: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    active: bool = True
    no: int = 0
    registered_at: datetime | None = None
    updated_at: datetime | None = None


def is_device_id(text: str) -> bool:
    """Whether a device can be called so; see ``device_id``."""
    return _NAME.fullmatch(text) is not None and text != RESERVED


def device_id(text: str, pointer: str = "/id") -> str:
    """The id of a device, gateway, kind or network: letters, digits and ``. _ : ~ -`` between them, 64 at most.

    It stands in topics and addresses and is compared by machines. Raises ``Invalid`` with code ``device-id-invalid``.
    """
    if not is_device_id(text):
        hint = "1 to 64 letters, digits and . _ : ~ - between them"
        raise invalid(pointer, "device-id-invalid", "设备编号有误", hint)
    return text


def device_limits(limits: Mapping[str, object], pointer: str = "/limits") -> dict[str, tuple[float, float]]:
    """Limits of a device's own by rule: the value that raises its alarm, and the one that clears it.

    Raises ``Invalid`` with code ``device-limits-invalid``.
    """
    pairs = {name: pair for name, said in limits.items() if _NAME.fullmatch(name) and (pair := _pair(said))}
    if not len(pairs) == len(limits) <= MAX_LIMITS:
        hint = f"at most {MAX_LIMITS} rules, each with two numbers: raise, clear"
        raise invalid(pointer, "device-limits-invalid", "设备限值有误", hint)
    return pairs


def _pair(said: object) -> tuple[float, float] | None:
    if not isinstance(said, list | tuple) or len(said) != 2:
        return None
    raised, cleared = said
    for each in said:
        if not isinstance(each, int | float) or isinstance(each, bool) or not isfinite(each):
            return None
    return float(raised), float(cleared)
