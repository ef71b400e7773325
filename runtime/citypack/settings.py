"""``pack.yaml``: who the city is, and what it decides for itself about the procedure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field

from classify.opinion import Manner
from domain.clock import Calendar
from domain.policy import Policy
from runtime.citypack.calendar import read_calendars
from runtime.citypack.files import PackFiles
from runtime.citypack.gazetteer import GazetteerBlock
from runtime.citypack.policy import PolicyBlock
from runtime.citypack.policy_faults import Path, as_written, policy_faults
from runtime.citypack.yaml import Document, Section, read_yaml, reader

OWN = "own"

_FILE = "pack.yaml"


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError):
        raise ValueError("no time zone") from None


Zone = Annotated[ZoneInfo, reader("timezone-unknown", "a name such as Asia/Shanghai", _zone)]


class ClassifyBlock(Section):
    """How the model judges (``classify.opinion.Manner``); ``milliseconds`` bound a batch."""

    precision: Annotated[float, Field(ge=0.5, lt=1)] = 0.95
    milliseconds: Annotated[int, Field(ge=0, le=10_000)] = 500
    characters: Annotated[int, Field(ge=20, le=4000)] = 2000

    def manner(self, thresholds: Mapping[str, float]) -> Manner:
        """The same for the adviser."""
        return Manner(self.precision, thresholds, self.milliseconds / 1000, self.characters)


class GrassrootsBlock(Section):
    """Who the grass roots (基层) are, beside all units of the level 社区, and the categories they may lead.

    Departmental work is not to be dispatched to them: 国办函〔2025〕66号 (五).
    """

    kinds: tuple[str, ...] = ()
    theirs: tuple[str, ...] = ()


class PackFile(Section):
    """What ``pack.yaml`` says. ``standard`` is a folder of national tables, or ``own``; ``duty_desk`` a unit's id.

    ``old_codes`` is the edition that a four-digit code without its edition means; empty if there is none.
    """

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{1,31}$")]
    name: Annotated[str, Field(min_length=1, max_length=40)]
    version: Annotated[str, Field(pattern=r"^[0-9A-Za-z][0-9A-Za-z.-]{0,31}$")]
    prefix: Annotated[str, Field(pattern=r"^[A-Z]{2,6}$")]
    timezone: Zone
    standard: str
    duty_desk: str
    fallback: str = ""
    old_codes: str = "gbt30428.2-2013"
    classify: ClassifyBlock = ClassifyBlock()
    grassroots: GrassrootsBlock = GrassrootsBlock()
    policy: PolicyBlock = PolicyBlock()
    gazetteer: GazetteerBlock = GazetteerBlock()


@dataclass(frozen=True)
class Settings:
    """The two YAML files together, with the addresses that later checks need.

    ``said`` or ``calendars`` (the city's own under ``""``) is None where the file has faults; ``standard`` and
    ``duty_desk`` are then still what can be read of them, so that the tables can be checked all the same.
    """

    said: PackFile | None
    calendars: Mapping[str, Calendar] | None
    standard: str | None
    standard_at: str
    duty_desk: str | None
    duty_desk_at: str
    fallback_at: str
    document: Document[PackFile] | None = None

    @property
    def old_codes_at(self) -> str:
        """The address of ``old_codes``."""
        return self.document.at("old_codes") if self.document else _FILE

    def at(self, *path: str | int) -> str:
        """The address of a key or entry of ``pack.yaml``."""
        return self.document.at(*path) if self.document else _FILE

    def policy_at(self, *path: str | int) -> str:
        """The address of what stands under ``policy`` in ``pack.yaml``."""
        if self.document is None:
            return _FILE
        return _policy_at(self.document, path)


def read_settings(files: PackFiles) -> Settings:
    """Read ``pack.yaml`` and ``calendar.yaml``; what is wrong with them is noted."""
    document = read_yaml(files, _FILE, PackFile)
    said = document.content if document else None
    calendars = read_calendars(files, said.timezone if said else UTC)
    if document is None:
        return Settings(None, calendars, None, _FILE, None, _FILE, _FILE)
    if said is not None and calendars is not None:
        for path, code, hint in policy_faults(said.policy, Policy(calendars[""]), calendars):
            files.findings.fault(_policy_at(document, path), code, hint)
    standard, desk = (_text(document.raw.get(key)) for key in ("standard", "duty_desk"))
    return Settings(
        said,
        calendars,
        standard,
        document.at("standard"),
        desk,
        document.at("duty_desk"),
        document.at("fallback"),
        document,
    )


def _policy_at(document: Document[PackFile], path: Path) -> str:
    return document.at(*as_written(document.raw, ("policy", *path)))


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
