"""From a row to a hotline ticket, as the mapping says.

A row is judged by the very function that judges tickets at the door; what it refuses is never sent.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

import msgspec

from domain.catalogue import Catalogue, Kind, Urgency
from domain.errors import Fault, Invalid, invalid
from domain.ids import ReportId
from domain.place import Crs
from domain.report import Report, checked_point
from domain.ticket import Appeal
from runtime.importing.damage import scientific, short_code, words_of_excel
from runtime.importing.encodings import foreign
from runtime.importing.mapping import Choice, RowMapping
from runtime.importing.row import Row
from runtime.importing.times import moment_of
from streams.records import Caller, HotlineTicket, Position, hotline_report

_NUMBER = re.compile(r"[+-]?\d+(\.\d*)?([eE][+-]?\d+)?", re.ASCII)
_NO_ID = ReportId(UUID(int=0))
_Word = TypeVar("_Word", Urgency, Kind, Appeal, Crs)


@dataclass(frozen=True, slots=True)
class Ticket:
    """A row that may be sent: its line, the ticket, the ticket as the wire contract has it, and the report it makes."""

    line: int
    said: HotlineTicket
    value: bytes
    report: Report


class RowReader:
    """Makes tickets of the rows of one table.

    With a ``catalogue``, codes that lost their leading zeros are told. Raises ``Invalid`` with code ``csv-header`` if
    the table lacks a column of the mapping.
    """

    def __init__(self, mapping: RowMapping, header: Sequence[str], catalogue: Catalogue | None = None) -> None:
        self._asked = tuple(dict.fromkeys(mapping.columns()))
        missing = [column for column in self._asked if column not in header]
        if missing:
            faults = tuple(Fault(column, "column-missing") for column in missing)
            raise Invalid("csv-header", "表头缺失或有误", f"missing: {', '.join(missing)}", faults)
        self._mapping = mapping
        self._catalogue = catalogue
        self._header = tuple(header)
        self._place = {column: n for n, column in enumerate(header)}
        self._empty = frozenset(mapping.not_given)
        at, caller = mapping.position, mapping.caller
        named = (mapping.category, mapping.condition, mapping.urgency, mapping.kind, mapping.appeal)
        self._meant = frozenset(cell for choice in named if choice and choice.values for cell in choice.values)
        self._columns: Mapping[str, str] = {
            "/ticket_no": mapping.key,
            "/called_at": mapping.time.column,
            "/text": " ".join(mapping.text),
            "/address": " ".join(mapping.address),
            "/areas": " ".join(mapping.areas),
            "/position": f"{at.lon} {at.lat}" if at else "",
            "/category": mapping.category.column if mapping.category else "",
            "/condition": mapping.condition.column if mapping.condition else "",
            "/asset": mapping.asset or "",
            "/caller": " ".join(filter(None, (caller.name, caller.phone))),
        }

    def judged(self, row: Row) -> Ticket | tuple[Fault, ...]:
        """The ticket of a row as it was read, or everything that is wrong with it, the column as pointer."""
        if row.fault is not None:
            return (row.fault,)
        try:
            return self.ticket(row.line, row.cells)
        except Invalid as error:
            return error.faults

    def ticket(self, line: int, cells: Sequence[str]) -> Ticket:
        """The ticket of one row. Raises ``Invalid`` with all faults of the row, the column as pointer."""
        faults = self._of_form(cells)
        said = None if faults else self._said(cells, faults)
        if said is not None and not faults:
            value = msgspec.json.encode(said)
            try:
                report = hotline_report(value, datetime.now(UTC), _NO_ID)
            except Invalid as error:
                found = error.faults or (Fault("", error.code),)
                faults += [Fault(self._columns.get(_top(f.pointer), ""), f.code, f.hint) for f in found]
            else:
                return Ticket(line, said, value, report)
        raise Invalid("row-invalid", "该行数据有误", faults=tuple(faults))

    def _of_form(self, cells: Sequence[str]) -> list[Fault]:
        """What can be told without knowing what the cells mean."""
        if len(cells) != len(self._place):
            return [Fault("", "csv-columns", f"{len(cells)} cells, {len(self._place)} wanted")]
        whole = "".join(cells)
        if foreign(whole):
            return [Fault("", "encoding-invalid", "not in the encoding of the file")]
        if "\0" in whole:
            held = [column for column, cell in zip(self._header, cells, strict=True) if "\0" in cell]
            return [Fault(column, "text-control-char", "a NUL") for column in held]
        said = [(column, self._cell(cells, column)) for column in self._asked]
        return words_of_excel([(column, cell) for column, cell in said if cell not in self._meant])

    def _said(self, cells: Sequence[str], faults: list[Fault]) -> HotlineTicket | None:
        mapping, always = self._mapping, self._mapping.constants
        cell = partial(self._cell, cells)
        if not cell(mapping.key):
            faults.append(Fault(mapping.key, "key-empty", "every row needs a number of its own"))
        called_at = _told(faults, lambda: moment_of(cell(mapping.time.column), mapping.time))
        position = _told(faults, lambda: self._position(cell))
        urgency = _told(faults, lambda: _word(cell, mapping.urgency, Urgency))
        kind = _told(faults, lambda: _word(cell, mapping.kind, Kind)) or always.kind
        appeal = _told(faults, lambda: _word(cell, mapping.appeal, Appeal))
        category = _code(cell, mapping.category)
        faults += self._damage(cell, category, kind)
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
            category=category or always.category,
            kind=kind,
            condition=_code(cell, mapping.condition) or always.condition,
            urgency=urgency or always.urgency,
            appeal=appeal or always.appeal,
            asset=cell(mapping.asset) or None if mapping.asset else None,
            caller=self._caller(cell),
        )

    def _cell(self, cells: Sequence[str], column: str) -> str:
        text = cells[self._place[column]].strip()
        return "" if text in self._empty else text

    def _damage(self, cell: Callable[[str], str], category: str | None, kind: Kind) -> list[Fault]:
        """What a spreadsheet did to numbers that are names."""
        mapping = self._mapping
        names = [mapping.key, mapping.asset, mapping.caller.phone]
        names += [choice.column for choice in (mapping.category, mapping.condition) if choice]
        faults = [scientific(cell(column), column) for column in names if column]
        if self._catalogue is not None and category and mapping.category:
            faults.append(short_code(category, mapping.category.column, kind, self._catalogue))
        return [fault for fault in faults if fault]

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
        crs = _word(cell, at.crs_from, Crs) or at.crs
        if crs is None:
            raise _at(at.crs_from.column if at.crs_from else "", "crs-missing", f"one of {', '.join(Crs)}")
        checked_point(float(lon), float(lat), crs, f"{at.lon} {at.lat}")
        return Position(float(lon), float(lat), crs)

    def _caller(self, cell: Callable[[str], str]) -> Caller | None:
        at = self._mapping.caller
        name, phone = (cell(column) if column else "" for column in (at.name, at.phone))
        return Caller(name, phone) if name or phone else None


def _told(faults: list[Fault], read: Callable[[], Any]) -> Any:
    """What ``read`` gives, or None with its faults noted: a clerk should see all faults of a row at once."""
    try:
        return read()
    except Invalid as error:
        faults.extend(error.faults)
        return None


def _word(cell: Callable[[str], str], choice: Choice | None, words: type[_Word]) -> _Word | None:
    code = _code(cell, choice)
    if choice is None or code is None:
        return None
    try:
        return words(code)
    except ValueError:
        raise _at(choice.column, "word-unknown", f"one of {', '.join(words)}") from None


def _code(cell: Callable[[str], str], choice: Choice | None) -> str | None:
    if choice is None:
        return None
    text = cell(choice.column)
    return (text if choice.values is None else choice.values.get(text, text if choice.keep else "")) or None


def _joined(cell: Callable[[str], str], columns: Sequence[str]) -> str:
    return " ".join(filter(None, map(cell, columns)))


def _top(pointer: str) -> str:
    return "/" + pointer.strip("/").split("/")[0]


def _at(column: str, code: str, hint: str = "") -> Invalid:
    return invalid(column, code, "该行数据有误", hint)
