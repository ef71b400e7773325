"""What a spreadsheet does to cells it takes for numbers, dates or words of its own: told, never repaired in silence."""

import re
from collections.abc import Sequence
from datetime import date, timedelta

from domain.catalogue import Catalogue, Kind
from domain.errors import Fault, Invalid

_SCIENTIFIC = re.compile(r"[+-]?\d(?:\.\d+)?[eE]\+\d{1,3}")
_SERIAL = re.compile(r"\d{5}(?:\.\d+)?")
_DAY_ZERO = date(1899, 12, 30)
_FIRST, _LAST = 36_526, 73_050  # the years 2000 to 2099
_LONGEST_CODE = 8
_WORDS = frozenset(
    ("#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!", "#SPILL!", "#CALC!", "TRUE", "FALSE")
)


def word_of_excel(cell: str) -> bool:
    """Whether a cell says what only a spreadsheet says: an error, or a truth value."""
    return cell in _WORDS or (cell.startswith("####") and not cell.strip("#"))


def scientific(cell: str, column: str) -> Fault | None:
    """The fault of a number that was too long for the spreadsheet: ``1.10101E+17``."""
    if not _SCIENTIFIC.fullmatch(cell):
        return None
    return Fault(column, "excel-scientific", "format the column as text before filling it; the digits are lost")


def serial(cell: str, column: str) -> Fault | None:
    """The fault of a date that was written as the spreadsheet counts days: ``44927``."""
    if not _SERIAL.fullmatch(cell) or not _FIRST <= float(cell) <= _LAST:
        return None
    day = _DAY_ZERO + timedelta(days=int(float(cell)))
    return Fault(column, "date-serial", f"it is the number of {day}: format the column as date and time")


def short_code(cell: str, column: str, kind: Kind, catalogue: Catalogue) -> Fault | None:
    """The fault of a code that lost its leading zeros: unknown as it is, known with zeros before it."""
    if not (cell.isascii() and cell.isdecimal()) or known_category(catalogue, cell, kind):
        return None
    longer = (cell.zfill(width) for width in range(len(cell) + 1, _LONGEST_CODE + 1))
    if not any(known_category(catalogue, code, kind) for code in longer):
        return None
    return Fault(column, "code-length", "its leading zeros are lost: format the column as text")


def known_category(catalogue: Catalogue, code: str, kind: Kind) -> bool:
    """Whether a city's catalogue has this code."""
    try:
        return bool(catalogue.find(code, kind))
    except Invalid:
        return False


def words_of_excel(cells: Sequence[tuple[str, str]]) -> list[Fault]:
    """The faults of cells, given with their columns, that say what only a spreadsheet says."""
    hint = "an error or a truth value of the spreadsheet, not the sender's word"
    return [Fault(column, "excel-value", hint) for column, cell in cells if word_of_excel(cell)]
