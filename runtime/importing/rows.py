"""A table read row by row: CSV (plain, gzip, alone in a zip archive) or XLSX, told apart by content, never by name.

A broken row is a value and the next one follows. Used by ``cityloop import``, import jobs and ``cityloop assets load``.
"""

import zipfile
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType

from domain.errors import Fault, Invalid
from domain.table_import import TableKind
from runtime.importing.encodings import Encoding, foreign
from runtime.importing.row import Row
from runtime.importing.texts import CsvRows
from runtime.importing.workbook import MANIFEST, WorkbookRows

_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"


class RowFile(AbstractContextManager["RowFile"]):
    """An open table. ``header`` are its columns; ``size`` and ``read`` count bytes on the disk, for progress.

    ``encoding`` and ``delimiter`` of a CSV None: told by the file, or the error says what to declare. ``unpacked``
    bounds the bytes of a packed CSV. Raises ``Invalid`` when it is no table that can be read, or has no header.
    """

    def __init__(
        self,
        path: Path,
        encoding: Encoding | None = None,
        delimiter: str | None = None,
        unpacked: int | None = None,
    ) -> None:
        try:
            self._raw = path.open("rb")
        except OSError as error:
            raise Invalid("file-unreadable", "文件无法读取", f"{path.name}: {error.strerror}") from error
        self._rows: CsvRows | WorkbookRows | None = None
        try:
            self.size = path.stat().st_size
            self.kind = kind_of(path)
            self._seen, self._over = 0, False
            self._rows = rows = (
                WorkbookRows(self._raw)
                if self.kind is TableKind.XLSX
                else CsvRows(self._raw, encoding, delimiter, unpacked)
            )
            self._iterator = iter(rows)
            self.header = _header(next(self._iterator, None))
        except BaseException:
            self.close()
            raise

    @property
    def read(self) -> int:
        """Bytes read so far."""
        if isinstance(self._rows, CsvRows):
            return self._rows.read
        if self._over or self._rows is None:
            return self.size
        return self.size * min(self._seen, self._rows.rows) // max(self._rows.rows, 1)

    @property
    def foreseen(self) -> int | None:
        """At most how many rows follow the header, where that is known without reading them."""
        return self._rows.rows - 1 if isinstance(self._rows, WorkbookRows) else None

    def __iter__(self) -> Iterator[Row]:
        """The rows after those taken already. Raises ``Invalid`` where the rest of the file cannot be told."""
        for row in self._iterator:
            self._seen = row.line
            yield row
        self._over = True

    def close(self) -> None:
        """Close the file."""
        if isinstance(self._rows, WorkbookRows):
            self._rows.close()
        self._raw.close()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def kind_of(path: Path) -> TableKind:
    """What a file is by its content. Raises ``Invalid`` with code ``table-type`` for a workbook of the old kind."""
    with path.open("rb") as file:
        magic = file.read(4)
    if magic == _OLE:
        raise Invalid("table-type", "不支持的表格类型", "an .xls or a locked workbook: save it as .xlsx")
    if magic == _ZIP:
        try:
            with zipfile.ZipFile(path) as archive:
                return TableKind.XLSX if MANIFEST in archive.namelist() else TableKind.CSV
        except zipfile.BadZipFile:
            return TableKind.CSV  # which says that it is damaged
    return TableKind.CSV


def _header(first: Row | None) -> list[str]:
    if first is None or first.fault is not None or foreign("".join(first.cells)):
        code = first.fault.code if first and first.fault else "encoding-invalid" if first else "header-missing"
        detail = "the first line names the columns: there is none that can be read"
        raise Invalid("csv-header", "表头缺失或有误", detail, (Fault("", code),))
    header = [name.strip().lstrip("\ufeff").strip() for name in first.cells]
    repeated = sorted({name for name in header if header.count(name) > 1})
    if repeated:
        faults = tuple(Fault(name, "column-repeated") for name in repeated)
        raise Invalid("csv-header", "表头缺失或有误", f"named twice: {', '.join(repeated)[:120]}", faults)
    return header
