"""A CSV table read row by row in constant memory: plain, gzip, or alone in a zip archive; UTF-8 or GB18030 as declared.

A broken row is a value and the next one follows.
"""

import codecs
import csv
import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import IO, Literal, cast

from domain.errors import Fault, Invalid
from runtime.importing.rows import Row

Encoding = Literal["utf-8", "gb18030"]

_GZIP, _ZIP = b"\x1f\x8b", b"PK\x03\x04"
_LONGEST_LINE = 1 << 20
_PEEK = 1 << 16
_DAMAGED = (EOFError, OSError, zipfile.BadZipFile, zlib.error, NotImplementedError)  # ways to say it of an archive
_CODECS = {"utf-8": "utf-8-sig", "gb18030": "gb18030"}


class TableFile(AbstractContextManager["TableFile"]):
    """An open table. ``header`` are its columns; ``size`` and ``read`` count bytes on the disk, for progress.

    Raises ``Invalid`` when it is no file that can be read, or has no header.
    """

    def __init__(self, path: Path, encoding: Encoding = "utf-8", delimiter: str = ",") -> None:
        try:
            self._raw = path.open("rb", buffering=_PEEK)
        except OSError as error:
            raise Invalid("file-unreadable", "文件无法读取", f"{path.name}: {error.strerror}") from error
        try:
            self.size = path.stat().st_size
            self.encoding = encoding
            # what is not in the encoding arrives as lone surrogates, so that one bad byte costs one row, not the file
            try:
                data = io.BufferedReader(cast("io.RawIOBase", self._data(path)), _PEEK)
                head = data.peek(_PEEK)
            except (*_DAMAGED, RuntimeError) as error:  # the last one says: locked with a password
                raise _damaged(path.name) from error
            self._check_encoding(head, path)
            self._text = io.TextIOWrapper(data, _CODECS[encoding], errors="surrogateescape", newline="")
            # a line without an end is cut, so that no file can fill the memory
            self._lines = csv.reader(
                iter(partial(self._text.readline, _LONGEST_LINE), ""), delimiter=delimiter, strict=True
            )
            self.header = self._header(path)
        except BaseException:
            self._raw.close()
            raise

    def _data(self, path: Path) -> IO[bytes]:
        magic = self._raw.read(4)
        self._raw.seek(0)
        if magic[:2] == _GZIP:
            return cast("IO[bytes]", gzip.GzipFile(fileobj=self._raw))
        if magic != _ZIP:
            return self._raw
        archive = zipfile.ZipFile(self._raw)
        tables = [entry for entry in archive.infolist() if entry.filename.lower().endswith((".csv", ".txt"))]
        if len(tables) != 1:
            raise Invalid("archive-ambiguous", "压缩包内须恰有一个表格", f"{len(tables)} CSV files in {path.name}")
        return archive.open(tables[0])

    def _check_encoding(self, head: bytes, path: Path) -> None:
        """GB18030 reads UTF-8 without complaint and makes nonsense of it; the other way round every row complains."""
        if self.encoding == "utf-8" or head.isascii():
            return
        try:
            codecs.getincrementaldecoder("utf-8")().decode(head)
        except UnicodeDecodeError:
            return
        raise Invalid("encoding-doubtful", "文件编码与声明不符", f"{path.name} is UTF-8: leave --encoding out")

    def _header(self, path: Path) -> list[str]:
        first = next(iter(self), None)
        if first is None or first.fault is not None or _foreign("".join(first.cells)):
            hint = f"{path.name}: a first line with column names, in {self.encoding}; name another with --encoding"
            raise Invalid("header-missing", "文件缺少表头", hint)
        header = [name.strip() for name in first.cells]
        repeated = sorted({name for name in header if header.count(name) > 1})
        if repeated:
            raise Invalid("column-repeated", "表头列名重复", ", ".join(repeated))
        return header

    @property
    def read(self) -> int:
        """Bytes read so far."""
        return self._raw.tell()

    def __iter__(self) -> Iterator[Row]:
        """The rows after those taken already. Raises ``Invalid`` where an archive is damaged or cut off."""
        lines = self._lines
        while True:
            line = lines.line_num + 1
            try:
                cells = next(lines)
            except StopIteration:
                return
            except csv.Error:
                hint = f"a quotation mark is missing or out of place; nothing was read up to line {lines.line_num}"
                yield Row(line, fault=Fault("", "csv-malformed", hint))
                continue
            except _DAMAGED as error:
                raise _damaged(f"after line {line - 1}") from error
            if cells and any(cells):
                yield Row(line, cells)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._raw.close()


def _damaged(where: str) -> Invalid:
    return Invalid("file-damaged", "压缩文件损坏或不完整", where)


def _foreign(text: str) -> bool:
    return not text.isascii() and any("\udc80" <= char <= "\udcff" for char in text)
