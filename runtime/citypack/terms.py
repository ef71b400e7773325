"""Time limits as people write them in a pack: ``4 工作时``, with seasons, and in stages; read and written."""

import re
from collections.abc import Iterable

from domain.catalogue import Milestone, Season
from domain.clock import Limit, TimeUnit
from domain.errors import Invalid
from runtime.citypack.tables import Row
from runtime.citypack.words import WORDS, meaning

_LIMIT = re.compile(r"(\d+(?:\.\d+)?)\s*个?\s*(\S+)")
_DAY = r"(\d{1,2})(?:-|月)(\d{1,2})日?"
_SEASON = re.compile(rf"{_DAY}\s*(?:\.\.|至|到|～|~)\s*{_DAY}\s*[=＝]\s*(.+)")
_STAGE = re.compile(r"([^=＝]*[^=＝\s])\s*[=＝]\s*(.+)")


def limit_of(text: str) -> Limit:
    """The limit that ``4 工作时``, ``4个工作时`` or ``4 work_hour`` says. Raises ``Invalid``: ``limit-invalid``."""
    match = _LIMIT.fullmatch(text)
    unit = meaning(match[2], TimeUnit) if match else None
    if match is None or unit is None:
        raise Invalid("limit-invalid", "时限无法识别", f"{text}: a number and a unit such as 4 工作时")
    return Limit(float(match[1]), unit)


def seasons_of(row: Row, column: str) -> tuple[Season, ...]:
    """The cell's seasons: ``03-01..04-30=15 工作日; 11月15日至1月31日=20 工作日``; what is wrong is noted."""
    seasons: list[Season] = []
    for entry in _entries(row, column, "[;；]"):
        match = _SEASON.fullmatch(entry)
        if match is None:
            row.fault("season-invalid", f"{entry}: 03-01..04-30=15 工作日 wanted")
            continue
        first_month, first_day, last_month, last_day = map(int, match.groups()[:4])
        try:
            seasons.append(Season((first_month, first_day), (last_month, last_day), limit_of(match[5])))
        except Invalid as error:
            row.fault(error.code, error.detail)
    return tuple(seasons)


def stages_of(row: Row, column: str) -> tuple[Milestone, ...]:
    """The cell's stages, ascending: ``停工=4 工作时 > 处罚=7 工作日``; what is wrong is noted."""
    stages: list[Milestone] = []
    for entry in _entries(row, column, "[>＞→]"):
        match = _STAGE.fullmatch(entry)
        if match is None:
            row.fault("stage-invalid", f"{entry}: 停工=4 工作时 wanted")
            continue
        if any(stage.name == match[1] for stage in stages):
            row.fault("list-entry-repeated", match[1])
        try:
            stages.append(Milestone(match[1], limit_of(match[2])))
        except Invalid as error:
            row.fault(error.code, error.detail)
    return tuple(stages)


def unit_word(unit: TimeUnit) -> str:
    """The Chinese word for a unit."""
    return WORDS["time"][unit]


def limit_text(limit: Limit) -> str:
    """``4 工作时``, as ``limit_of`` reads it."""
    return f"{limit.value:g} {unit_word(limit.unit)}"


def seasons_text(seasons: Iterable[Season]) -> str:
    """``03-01..04-30=15 工作日; …``, as ``seasons_of`` reads it."""
    days = "{:02}-{:02}".format
    return "; ".join(f"{days(*s.first)}..{days(*s.last)}={limit_text(s.limit)}" for s in seasons)


def stages_text(stages: Iterable[Milestone]) -> str:
    """``停工=4 工作时 > …``, as ``stages_of`` reads it."""
    return " > ".join(f"{stage.name}={limit_text(stage.limit)}" for stage in stages)


def _entries(row: Row, column: str, mark: str) -> list[str]:
    if not row[column]:
        return []
    entries = [entry.strip() for entry in re.split(mark, row[column])]
    if not all(entries):
        row.fault("list-entry-empty", column)
    return [entry for entry in entries if entry]
