"""What to do about the codes of tables that are imported. Used by runtime.remedies."""

from collections.abc import Mapping

IMPORT_DOORS: Mapping[str, str] = {
    "archive-ambiguous": "put exactly one table (.csv or .txt) into the archive",
    "archive-bomb": "send the table as a plain CSV, in several files: this one unpacks to far more than it is",
    "csv-dialect": "declare the delimiter",
    "csv-header": "name the columns in the first line, each once; the faults say which are missing or unknown",
    "csv-quote-open": "close the quotation mark that opens in that line: all that follows is one cell",
    "encoding-doubtful": "the file is UTF-8: declare that, or nothing",
    "encoding-invalid": "save the file as UTF-8, or declare what it is written in",
    "encoding-unconfirmed": "if the detail reads as your column names, declare `gb18030`; else save the file as UTF-8",
    "file-damaged": "fetch or save the file again: it is cut off or damaged",
    "file-entity": "save the workbook anew with a spreadsheet program",
    "file-macro": "save it as .xlsx, or as CSV in UTF-8",
    "import-cancelled": "nothing: somebody cancelled it; what came in before stays",
    "import-ended": "nothing: the import has come to its end; what came in stays",
    "import-file-lost": "hand the table in again under a new key",
    "import-given-up": "our fault: tell the operator the import's id; the sweep's log says what happened",
    "import-quota": "wait for one of the client's imports to end, or cancel one",
    "mapping-unknown": "use the name of a file in the city pack's `imports` folder, or none",
    "row-repeated": "nothing: the row came in before under the same number and with the same content",
    "rows-refused": "mend the rows its report names, or import without all-or-nothing",
    "rows-too-many": "send the table in parts of at most 50,000 rows; `cityloop import` takes any number",
    "sheet-missing": "show the sheet that holds the table",
    "source-not-yours": "leave `source` out, or let an administrator import for others",
    "table-type": "send a CSV, or a workbook saved as .xlsx; the content decides, not the name",
}
"""Codes that clients of the API can meet."""

IMPORT_FILES: Mapping[str, str] = {
    "cells-merged": "split merged cells: only the first of them holds the value",
    "code-length": "format the column as text and fill the code in again: its leading zeros are lost",
    "csv-cell-too-long": "shorten the cell; if its text is short, a quotation mark is missing",
    "csv-columns": "give the row as many cells as the header has: quote cells that hold the delimiter",
    "date-serial": "format the column as date and time, or as text, and export again",
    "excel-scientific": "format the column as text and fill it in again: the digits after the 15th are lost",
    "excel-value": "correct the cell: it holds an error or a truth value of the spreadsheet",
    "file-changed": "import the file again, and let nobody write it meanwhile",
    "source-missing": "name whose numbers the table has with `--source`, or give a `--mapping`",
}
"""Codes of tables and their rows; each comes with its line."""
