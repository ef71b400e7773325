"""A CSV file read row by row, plain or gzip, in constant memory; a broken row is a value and the next one follows."""

import csv
import gzip
import io
import zlib
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, cast

from domain.errors import Fault, Invalid

_GZIP = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class Row:
    """One row: the line it begins in, and its cells, or what keeps it from having any."""

    line: int
    cells: Sequence[str] = ()
    fault: Fault | None = None


class RowFile(AbstractContextManager["RowFile"]):
    """An open file. ``header`` are its columns; ``size`` and ``read`` count bytes on the disk, for progress.

    Raises ``Invalid`` when it is no file that can be read, or has no header.
    """

    def __init__(self, path: Path, delimiter: str = ",") -> None:
        try:
            self._raw = path.open("rb")
        except OSError as error:
            raise Invalid("file-unreadable", "文件无法读取", f"{path.name}: {error.strerror}") from error
        self.size = path.stat().st_size
        packed = self._raw.read(2) == _GZIP
        self._raw.seek(0)
        data = cast("BinaryIO", gzip.GzipFile(fileobj=self._raw)) if packed else self._raw
        # what is not UTF-8 arrives as lone surrogates, so that one bad byte costs one row and not the file
        self._text = io.TextIOWrapper(data, "utf-8-sig", errors="surrogateescape", newline="")
        self._lines = csv.reader(self._text, delimiter=delimiter, strict=True)
        self.header = self._header(path)

    def _header(self, path: Path) -> list[str]:
        first = next(iter(self), None)
        if first is None or first.fault is not None:
            self.close()
            raise Invalid("header-missing", "文件缺少表头", f"{path.name}: a first line with column names, in UTF-8")
        header = [name.strip() for name in first.cells]
        repeated = sorted({name for name in header if header.count(name) > 1})
        if repeated:
            self.close()
            raise Invalid("column-repeated", "表头列名重复", ", ".join(repeated))
        return header

    @property
    def read(self) -> int:
        """Bytes read so far."""
        return self._raw.tell()

    def __iter__(self) -> Iterator[Row]:
        """The rows after those taken already. Raises ``Invalid`` where a gzip file is damaged or cut off."""
        while True:
            line = self._lines.line_num + 1
            try:
                cells = next(self._lines)
            except StopIteration:
                return
            except csv.Error:
                hint = (
                    f"a quotation mark is missing or out of place; nothing was read up to line {self._lines.line_num}"
                )
                yield Row(line, fault=Fault("", "csv-malformed", hint))
                continue
            except (EOFError, OSError, zlib.error) as error:  # gzip's ways to say that the file is damaged
                raise Invalid("file-damaged", "压缩文件损坏或不完整", f"after line {line - 1}") from error
            if not any(cells):
                continue
            if any(not cell.isascii() and _foreign(cell) for cell in cells):
                yield Row(line, fault=Fault("", "encoding-invalid", "save the file as UTF-8"))
                continue
            yield Row(line, cells)

    def close(self) -> None:
        """Close the file."""
        self._text.close()
        self._raw.close()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _foreign(cell: str) -> bool:
    return any("\udc80" <= char <= "\udcff" for char in cell)
