"""When something happened, as tables write it: ISO 8601, year first with slashes, or the mapping's own form."""

import re
from datetime import UTC, datetime

from domain.errors import Fault, Invalid, invalid
from runtime.importing.damage import serial
from runtime.importing.mapping import ISO, TimeFrom

# the year first: nobody reads the month for the day
_SLASHED = re.compile(r"(\d{4})/(\d{1,2})/(\d{1,2})[ T](\d{1,2}):(\d{2})(?::(\d{2}))?")
# what a workbook's own dates become, whatever form the column's texts have
_STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")


def moment_of(text: str, said: TimeFrom) -> datetime:
    """The moment a cell names, with its offset.

    Raises ``Invalid`` with the column as pointer: ``timestamp-missing``, ``timestamp-malformed``, ``date-serial``,
    ``timestamp-no-offset``, ``timestamp-not-on-clock``.
    """
    if not text:
        raise invalid(said.column, "timestamp-missing", "该行数据有误")
    damage: Fault | None = serial(text, said.column)
    if damage is not None:
        raise Invalid(damage.code, "该行数据有误", faults=(damage,))
    try:
        moment = _parsed(text, said.format)
    except ValueError:
        raise invalid(said.column, "timestamp-malformed", "该行数据有误", f"wanted: {said.format}") from None
    if moment.tzinfo is not None:
        return moment
    if said.timezone is None:
        raise invalid(said.column, "timestamp-no-offset", "该行数据有误", "name the timezone in the mapping")
    zoned = moment.replace(tzinfo=said.timezone)  # of the two times of an hour that comes twice, the first
    if zoned.astimezone(UTC).astimezone(said.timezone).replace(tzinfo=None) != moment:
        hint = "this hour was skipped when summer time began"
        raise invalid(said.column, "timestamp-not-on-clock", "该行数据有误", hint)
    return zoned


def _parsed(text: str, form: str) -> datetime:
    if form == ISO or _STAMP.fullmatch(text):
        slashed = _SLASHED.fullmatch(text) if form == ISO else None
        if slashed:
            return datetime(*(int(part or 0) for part in slashed.groups()))  # type: ignore[arg-type]  # noqa: DTZ001
        return datetime.fromisoformat(text)
    return datetime.strptime(text, form)  # noqa: DTZ007  (zoned by the caller)
