"""From a row to a hotline ticket, as the mapping says.

A row is judged by the very function that judges tickets at the door; what it refuses is never sent.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

import msgspec

from domain.catalogue import Urgency
from domain.errors import Fault, Invalid
from domain.ids import ReportId
from domain.report import checked_point
from runtime.importing.mapping import ISO, Choice, RowMapping
from streams.records import HotlineTicket, Position, hotline_report

_NUMBER = re.compile(r"[+-]?\d+(\.\d*)?([eE][+-]?\d+)?", re.ASCII)
_NO_ID = ReportId(UUID(int=0))


@dataclass(frozen=True, slots=True)
class Ticket:
    """A row that may be sent: its line, the ticket, and the ticket as the wire contract has it."""

    line: int
    said: HotlineTicket
    value: bytes


class RowReader:
    """Makes tickets of the rows of one table. Raises ``Invalid`` if the table lacks a column of the mapping."""

    def __init__(self, mapping: RowMapping, header: Sequence[str]) -> None:
        missing = [column for column in dict.fromkeys(mapping.columns()) if column not in header]
        if missing:
            faults = tuple(Fault(column, "column-missing") for column in missing)
            raise Invalid("columns-missing", "表格缺少映射所需的列", ", ".join(missing), faults)
        self._mapping = mapping
        self._place = {column: n for n, column in enumerate(header)}
        self._empty = frozenset(mapping.not_given)
        at = mapping.position
        self._columns: Mapping[str, str] = {
            "/ticket_no": mapping.key,
            "/called_at": mapping.time.column,
            "/text": " ".join(mapping.text),
            "/address": " ".join(mapping.address),
            "/areas": " ".join(mapping.areas),
            "/position": f"{at.lon} {at.lat}" if at else "",
            "/category": mapping.category.column if mapping.category else "",
            "/condition": mapping.condition.column if mapping.condition else "",
        }

    def ticket(self, line: int, cells: Sequence[str]) -> Ticket:
        """The ticket of one row. Raises ``Invalid`` with all faults of the row, the column as pointer."""
        faults: list[Fault] = []
        said = self._said(cells, faults)
        if said is not None and not faults:
            value = msgspec.json.encode(said)
            try:
                hotline_report(value, datetime.now(UTC), _NO_ID)
            except Invalid as error:
                found = error.faults or (Fault("", error.code),)
                faults += [Fault(self._columns.get(_top(f.pointer), ""), f.code, f.hint) for f in found]
            else:
                return Ticket(line, said, value)
        raise Invalid("row-invalid", "该行数据有误", faults=tuple(faults))

    def _said(self, cells: Sequence[str], faults: list[Fault]) -> HotlineTicket | None:
        mapping, always = self._mapping, self._mapping.constants
        if len(cells) != len(self._place):
            faults.append(Fault("", "cell-count", f"{len(cells)} cells, {len(self._place)} wanted"))
            return None
        cell = partial(self._cell, cells)
        if not cell(mapping.key):
            faults.append(Fault(mapping.key, "key-empty", "every row needs a number of its own"))
        called_at = _told(faults, lambda: self._time(cell(mapping.time.column)))
        position = _told(faults, lambda: self._position(cell))
        urgency = _told(faults, lambda: self._urgency(cell))
        if called_at is None or faults:
            return None
        return HotlineTicket(
            centre=mapping.source,
            ticket_no=cell(mapping.key),
            called_at=called_at,
            text=_joined(cell, mapping.text) or always.text,
            address=_joined(cell, mapping.address) or always.address,
            areas=[cell(column) for column in mapping.areas if cell(column)],
            position=position,
            category=_code(cell, mapping.category) or always.category,
            kind=always.kind,
            condition=_code(cell, mapping.condition) or always.condition,
            urgency=urgency or always.urgency,
        )

    def _cell(self, cells: Sequence[str], column: str) -> str:
        text = cells[self._place[column]].strip()
        return "" if text in self._empty else text

    def _time(self, text: str) -> datetime:
        said = self._mapping.time
        if not text:
            raise _at(said.column, "timestamp-missing")
        try:
            moment = _parsed(text, said.format)
        except ValueError:
            raise _at(said.column, "timestamp-malformed", f"wanted: {said.format}") from None
        if moment.tzinfo is not None:
            return moment
        if said.timezone is None:
            raise _at(said.column, "timestamp-no-offset", "name the timezone in the mapping")
        zoned = moment.replace(tzinfo=said.timezone)  # of the two times of an hour that comes twice, the first
        if zoned.astimezone(UTC).astimezone(said.timezone).replace(tzinfo=None) != moment:
            raise _at(said.column, "timestamp-not-on-clock", "this hour was skipped when summer time began")
        return zoned

    def _position(self, cell: Callable[[str], str]) -> Position | None:
        at = self._mapping.position
        if at is None:
            return None
        lon, lat = cell(at.lon), cell(at.lat)
        if not lon and not lat:
            return None
        for column, text in ((at.lon, lon), (at.lat, lat)):
            if not _NUMBER.fullmatch(text):
                raise _at(column, "number-invalid" if text else "coordinate-missing", "degrees as a decimal number")
        checked_point(float(lon), float(lat), at.crs, f"{at.lon} {at.lat}")
        return Position(float(lon), float(lat), at.crs)

    def _urgency(self, cell: Callable[[str], str]) -> Urgency | None:
        choice = self._mapping.urgency
        code = _code(cell, choice)
        if choice is None or code is None:
            return None
        try:
            return Urgency(code)
        except ValueError:
            raise _at(choice.column, "word-unknown", f"one of {', '.join(Urgency)}") from None


def _told(faults: list[Fault], read: Callable[[], Any]) -> Any:
    """What ``read`` gives, or None with its faults noted: a clerk should see all faults of a row at once."""
    try:
        return read()
    except Invalid as error:
        faults.extend(error.faults)
        return None


def _code(cell: Callable[[str], str], choice: Choice | None) -> str | None:
    if choice is None:
        return None
    text = cell(choice.column)
    return (text if choice.values is None else choice.values.get(text, "")) or None


def _joined(cell: Callable[[str], str], columns: Sequence[str]) -> str:
    return " ".join(filter(None, map(cell, columns)))


def _top(pointer: str) -> str:
    return "/" + pointer.strip("/").split("/")[0]


def _at(column: str, code: str, hint: str = "") -> Invalid:
    return Invalid(code, "该行数据有误", faults=(Fault(column, code, hint),))


def _parsed(text: str, form: str) -> datetime:
    return datetime.fromisoformat(text) if form == ISO else datetime.strptime(text, form)  # noqa: DTZ007  (zoned later)
