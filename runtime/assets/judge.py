"""Judging the rows of a register's table: what may come in, what may not and why, and what a person should look at."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import msgspec

from domain.asset import Accuracy, ComponentCode
from domain.catalogue import Catalogue
from domain.errors import Fault, Invalid
from domain.place import Crs
from runtime.assets.cells import Cells
from runtime.assets.layout import ASSETS, ATTRIBUTES, STATES, AssetMapping, Layout
from runtime.importing.row import Row

_PLACE = {name: place for place, name in enumerate(ATTRIBUTES)}
_GRID = _PLACE["grid"]
_DAYS = 100_000  # a register holds far fewer dates than rows: each is read once
_FIRST_YEAR = 1949
_SURVEYED = frozenset({Accuracy.A, Accuracy.B})
_SHIFTED = frozenset({Crs.GCJ02, Crs.BD09})


@dataclass(slots=True)
class Judged:
    """A row that may come in: its cells in the order of ``ATTRIBUTES``, and what was made of them.

    The position is still in the table's own system. ``notes`` are for a person to look at, the attribute as pointer.
    """

    line: int
    code: str
    category: str | None
    text: list[str]
    state: str
    first_on: date
    changed_on: date | None
    lon: float | None
    lat: float | None
    accuracy: str | None
    doc: str
    notes: list[Fault] = field(default_factory=list)

    @property
    def registered(self) -> str:
        """The grid as the table says; empty where it says none."""
        return self.text[_GRID]

    @property
    def dated(self) -> date:
        """The day it speaks of."""
        return self.changed_on or self.first_on


class Judge:
    """Judges the rows of one table; ``today`` is the day after which nothing can have happened."""

    def __init__(
        self, layout: Layout, mapping: AssetMapping, catalogue: Catalogue, crs: Crs | None, today: date
    ) -> None:
        if layout.positioned and crs is None:
            raise Invalid("crs-missing", "未声明坐标系", f"name it with --crs or in the mapping: {', '.join(Crs)}")
        self.layout, self.key = layout, "code"
        self.crs = crs or Crs.WGS84
        self._cells = Cells(layout, ASSETS, mapping.not_given, mapping.constants)
        self._states = {**STATES, **mapping.states}
        self._catalogue = catalogue
        self._today = today
        self._classes: dict[str, str | None] = {}
        self._days: dict[str, date | None] = {}

    def judge(self, row: Row) -> Judged | tuple[Fault, ...]:
        """The row as it may come in, or everything that is wrong with it, the column as pointer."""
        text, given, faults = self._cells.read(row)
        return faults or self._judge(row.line, text, given)

    def _judge(self, line: int, text: list[str], given: Sequence[str]) -> Judged | tuple[Fault, ...]:
        faults, notes = self._of_form(text), list[Fault]()
        code = self._told(faults, "code", text, self._code)
        state = self._told(faults, "state", text, self._states.__getitem__)
        first, changed = self._day(faults, "first_on", text), self._day(faults, "changed_on", text)
        accuracy = self._told(faults, "accuracy", text, lambda said: Accuracy(said.upper()))
        at = self._cells.position(text, self.crs, faults)
        if first and changed and changed < first:
            faults.append(Fault(self.layout.column("changed_on"), "change-before-first", "a change follows the census"))
        if not text[_GRID] and at is None:
            faults.append(Fault(self.layout.column("grid"), "place-missing", "a unit grid or a position"))
        if faults or first is None:
            return tuple(faults)
        category = self._classes[code[:-6]]
        if category is None:
            notes.append(Fault("code", "component-class-unknown", code[6:-6]))
        if accuracy in _SURVEYED and self.crs in _SHIFTED:
            # a converted position is some metres off whatever its survey was (geo.crs)
            notes.append(Fault("accuracy", "accuracy-lost", f"{accuracy} became C: the table is in {self.crs}"))
            accuracy = Accuracy.C
        lon, lat = at or (None, None)
        return Judged(line, code, category, text, state, first, changed, lon, lat, accuracy, self._doc(given), notes)

    def _of_form(self, text: Sequence[str]) -> list[Fault]:
        """What can be told without knowing what the cells mean."""
        faults = self._cells.of_form(text, "the standard asks for it")
        if (grid := text[_GRID]) and not (len(grid) == 15 and grid.isascii() and grid.isalnum()):
            faults.append(Fault(self.layout.column("grid"), "grid-code-malformed", "15 digits or letters"))
        return faults

    def _told(self, faults: list[Fault], attribute: str, text: Sequence[str], read: Callable[[str], Any]) -> Any:
        """What the cell says, or None if it is empty or, with its faults noted, cannot be read."""
        said = text[_PLACE[attribute]]
        if not said:
            return None
        try:
            return read(said)
        except Invalid as error:
            faults += [Fault(self.layout.column(attribute), fault.code, fault.hint) for fault in error.faults]
        except (ValueError, KeyError):
            faults.append(Fault(self.layout.column(attribute), "word-unknown", _WORDS[attribute]))
        return None

    def _code(self, said: str) -> str:
        """The identifier as it is printed. All but the running number stands in thousands of rows: it is read once."""
        code = said.upper()
        if code[:-6] not in self._classes or not (code.isascii() and code[-6:].isalnum()):
            parsed = ComponentCode.parse(said)
            try:
                self._classes[code[:-6]] = parsed.event(self._catalogue).key
            except Invalid:
                self._classes[code[:-6]] = None
        return code

    def _day(self, faults: list[Fault], attribute: str, text: Sequence[str]) -> date | None:
        said = text[_PLACE[attribute]]
        if not said:
            return None
        if said not in self._days:
            if len(self._days) > _DAYS:
                self._days.clear()
            self._days[said] = _day(said)
        day = self._days[said]
        if day is None or day > self._today:
            code = "date-malformed" if day is None else "date-in-future"
            faults.append(Fault(self.layout.column(attribute), code, "YYYYMMDD, between 1949 and today"))
        return day

    def _doc(self, given: Sequence[str]) -> str:
        if not self.layout.others:
            return "{}"
        others = {column: given[place].strip() for place, column in self.layout.others.items()}
        said = {column: cell for column, cell in others.items() if cell and cell not in self._cells.empty}
        return msgspec.json.encode(said).decode()


def _day(said: str) -> date | None:
    """A date as registers write it, with or without dashes; None if it is none."""
    digits = said.replace("-", "").replace("/", "")
    if len(digits) != 8 or not (digits.isascii() and digits.isdecimal()):
        return None
    try:
        day = date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None
    return day if day.year >= _FIRST_YEAR else None


_WORDS = {"state": f"one of {'、'.join(STATES)}", "accuracy": f"one of {', '.join(Accuracy)}"}
