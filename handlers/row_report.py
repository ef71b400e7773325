"""The report on a table's rows as a table itself: safe to open in a spreadsheet. Used by the API and the terminal."""

import csv
import io
from collections.abc import Iterable

from domain.table_import import Remark

MARK = "\ufeff"
"""The byte order mark before the first line: without it spreadsheets take UTF-8 for the system's own encoding."""
COLUMNS = ("line", "outcome", "column", "code", "hint")

_END = "\r\n"  # RFC 4180; with another end the module leaves a lone CR unquoted, which ends a line to others

# a cell that begins so is a formula to some spreadsheet (OWASP, CSV injection); full-width forms count as well
_FORMULA = tuple("=+-@\t\r\n＝＋－＠")


def guarded(cell: str) -> str:
    """The cell as text for every spreadsheet: with an apostrophe before what could be a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def header() -> str:
    """The first line of a report."""
    return MARK + ",".join(COLUMNS) + _END


def lines(remarks: Iterable[Remark]) -> str:
    """Remarks as lines of a report."""
    text = io.StringIO(newline="")
    rows = csv.writer(text, lineterminator=_END)
    for remark in remarks:
        fault = remark.fault
        rows.writerow([remark.line, *map(guarded, (remark.outcome, fault.pointer, fault.code, fault.hint))])
    return text.getvalue()
