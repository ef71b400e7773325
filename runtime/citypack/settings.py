"""``pack.yaml``: who the city is, and what it decides for itself about the procedure."""

import re
from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field

from domain.case import Clock
from domain.clock import Calendar, Limit, TimeUnit
from domain.policy import Policy
from runtime.citypack.calendar import read_calendar
from runtime.citypack.files import PackFiles
from runtime.citypack.words import meaning
from runtime.citypack.yaml import Section, read_yaml, reader

OWN = "own"

_FILE = "pack.yaml"
# Candidates for «the same incident» are sought in lattice cells of 0.001 degrees and their neighbours
# (domain/duplicates.py); at 54 degrees north, the end of the country, a cell is 65 m wide.
_WIDEST_JOIN_M = 65.0
# Switches that the policy knows by the same name and in the same form.
_AS_IS = {"auto_file_from", "join_within_m", "default_limit", "exercise_pace"}
_LIMIT = re.compile(r"(\d+(?:\.\d+)?)\s*(\S+)")


def _limit(text: str) -> Limit:
    match = _LIMIT.fullmatch(text)
    unit = meaning(match[2], TimeUnit) if match else None
    if match is None or unit is None:
        raise ValueError("no limit")
    return Limit(float(match[1]), unit)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError):
        raise ValueError("no time zone") from None


LimitText = Annotated[Limit, reader("limit-invalid", "a number and a unit such as 4 工作时", _limit)]
Zone = Annotated[ZoneInfo, reader("timezone-unknown", "a name such as Asia/Shanghai", _zone)]
Share = Annotated[float, Field(ge=0, le=1)]
Metres = Annotated[float, Field(gt=0, le=_WIDEST_JOIN_M)]
Hours = Annotated[float, Field(ge=0, le=366 * 24)]
Pace = Annotated[float, Field(ge=1, le=100_000)]


class StageLimits(Section):
    """Limits of the stages that no filing condition sets; ours where not given."""

    filing: LimitText | None = None
    dispatch: LimitText | None = None
    check: LimitText | None = None


class PolicyBlock(Section):
    """The switches; see ``domain.policy.Policy``, whose values hold where one is not given."""

    auto_file_from: Share | None = None
    join_within_m: Metres | None = None
    join_within_hours: Hours | None = None
    default_limit: LimitText | None = None
    stage_limits: StageLimits = StageLimits()
    exercise_pace: Pace | None = None

    def policy(self, calendar: Calendar) -> Policy:
        """The policy on this calendar."""
        given: dict[str, Any] = {name: value for name, value in self if value is not None and name in _AS_IS}
        if self.join_within_hours is not None:
            given["join_within"] = timedelta(hours=self.join_within_hours)
        stages = {Clock(stage): limit for stage, limit in self.stage_limits if limit is not None}
        return Policy(calendar, stage_limits={**Policy(calendar).stage_limits, **stages}, **given)


class PackFile(Section):
    """What ``pack.yaml`` says. ``standard`` is a folder of national tables, or ``own``; ``duty_desk`` a unit's id."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{1,31}$")]
    name: Annotated[str, Field(min_length=1, max_length=40)]
    version: Annotated[str, Field(pattern=r"^[0-9A-Za-z][0-9A-Za-z.-]{0,31}$")]
    prefix: Annotated[str, Field(pattern=r"^[A-Z]{2,6}$")]
    timezone: Zone
    standard: str
    duty_desk: str
    policy: PolicyBlock = PolicyBlock()


@dataclass(frozen=True)
class Settings:
    """The two YAML files together, with the addresses that later checks need.

    ``said`` or ``calendar`` is None where the file has faults; ``standard`` and ``duty_desk`` are then still what can
    be read of them, so that the tables can be checked all the same.
    """

    said: PackFile | None
    calendar: Calendar | None
    standard: str | None
    standard_at: str
    duty_desk: str | None
    duty_desk_at: str


def read_settings(files: PackFiles) -> Settings:
    """Read ``pack.yaml`` and ``calendar.yaml``; what is wrong with them is noted."""
    document = read_yaml(files, _FILE, PackFile)
    said = document.content if document else None
    calendar = read_calendar(files, said.timezone if said else UTC)
    if document is None:
        return Settings(None, calendar, None, _FILE, None, _FILE)
    standard, desk = (_text(document.raw.get(key)) for key in ("standard", "duty_desk"))
    return Settings(said, calendar, standard, document.at("standard"), desk, document.at("duty_desk"))


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
