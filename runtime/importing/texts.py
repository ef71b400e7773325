"""A CSV as rows: plain, gzip, or alone in a zip archive. Used by ``runtime.importing.rows``."""

import csv
import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator
from functools import partial
from typing import BinaryIO, cast

from domain.errors import Fault, Invalid
from runtime.importing.encodings import CODECS, PEEK, Encoding, encoding_of, foreign
from runtime.importing.row import Row

DAMAGED = (EOFError, OSError, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError)
"""Ways to say that an archive is damaged; the last one says: locked with a password."""
DELIMITERS = (",", ";", "\t", "，")

_GZIP, _ZIP = b"\x1f\x8b", b"PK\x03\x04"
_LONGEST_LINE = 1 << 20


class CsvRows:
    """The rows of a CSV. ``delimiter`` None is told by the header; ``unpacked`` bounds what a packed file may hold.

    Raises ``Invalid`` as ``encoding_of`` does, and ``csv-dialect``, ``archive-ambiguous``, ``archive-bomb``,
    ``file-damaged``.
    """

    def __init__(
        self, raw: BinaryIO, encoding: Encoding | None, delimiter: str | None, unpacked: int | None = None
    ) -> None:
        self._raw = raw
        self._unpacked = unpacked
        try:
            self.encoding = encoding_of(encoding, self._opened)
            self.delimiter = delimiter or self._detected()
            # what is not in the encoding arrives as lone surrogates, so that one bad byte costs one row, not the file
            self._text = io.TextIOWrapper(self._opened(), CODECS[self.encoding], errors="surrogateescape", newline="")
        except DAMAGED as error:
            raise damaged("at its beginning") from error
        # a line without an end is cut, so that no file can fill the memory
        self._lines = csv.reader(
            iter(partial(self._text.readline, _LONGEST_LINE), ""), delimiter=self.delimiter, strict=True
        )

    @property
    def read(self) -> int:
        """Bytes read so far, as they are on the disk."""
        return self._raw.tell()

    def __iter__(self) -> Iterator[Row]:
        """The rows after those taken already, the header as the first; rows without any cell filled are passed over.

        Raises ``Invalid``: ``csv-quote-open``, since all that follows is one cell; ``file-damaged``.
        """
        lines = self._lines
        while True:
            line = lines.line_num + 1
            try:
                cells = next(lines)
            except StopIteration:
                return
            except csv.Error as error:
                yield self._broken(line, error)
                continue
            except DAMAGED as error:
                raise damaged(f"after line {line - 1}") from error
            if any(cells):
                yield Row(line, cells)

    def _broken(self, line: int, error: csv.Error) -> Row:
        # a cell that goes over a line's end and then breaks: where it should have ended nobody knows
        if self._lines.line_num > line or "unexpected end" in str(error):
            raise Invalid(
                "csv-quote-open", "引号未闭合", f"the quotation mark of line {line} is never closed"
            ) from None
        if "field larger" in str(error):
            return Row(line, fault=Fault("", "csv-cell-too-long", f"at most {csv.field_size_limit()} characters"))
        return Row(line, fault=Fault("", "csv-malformed", "a quotation mark is out of place"))

    def _opened(self) -> BinaryIO:
        """The text's bytes from the beginning."""
        self._raw.seek(0)
        magic = self._raw.read(4)
        self._raw.seek(0)
        data, most = self._raw, self._unpacked
        if magic[:2] == _GZIP:
            data = cast("BinaryIO", gzip.GzipFile(fileobj=self._raw))
        elif magic == _ZIP:
            data = self._alone()
        else:
            most = None
        return cast("BinaryIO", io.BufferedReader(_Lent(data, most), PEEK))

    def _alone(self) -> BinaryIO:
        archive = zipfile.ZipFile(self._raw)
        tables = [entry for entry in archive.infolist() if entry.filename.lower().endswith((".csv", ".txt"))]
        if len(tables) != 1:
            raise Invalid("archive-ambiguous", "压缩包内须恰有一个表格", f"{len(tables)} CSV files in it")
        return cast("BinaryIO", archive.open(tables[0]))

    def _detected(self) -> str:
        """The one delimiter that stands in the header outside quotation marks."""
        header = self._opened().readline(PEEK).decode(CODECS[self.encoding], "replace")
        bare = "".join(header.split('"')[::2])
        found = [delimiter for delimiter in DELIMITERS if delimiter in bare]
        if len(found) != 1 and bare.strip():
            held = " and ".join(map(repr, found)) or "none of comma, semicolon, tab"
            raise Invalid("csv-dialect", "无法确定列分隔符", f"the header holds {held}: declare the delimiter")
        return found[0] if found else DELIMITERS[0]


class _Lent(io.RawIOBase):
    """The bytes of a file that stays open when their reader is closed, up to a limit."""

    def __init__(self, data: BinaryIO, most: int | None) -> None:
        self._data = cast("io.BufferedIOBase", data)
        self._left = most

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        got = self._data.readinto(cast("bytearray", buffer))
        if self._left is not None:
            self._left -= got
            if self._left < 0:
                raise Invalid("archive-bomb", "压缩包解压后过大", "send it unpacked, in several files")
        return got


def damaged(where: str) -> Invalid:
    """The error of a packed file that cannot be read on."""
    return Invalid("file-damaged", "压缩文件损坏或不完整", where)


__all__ = ["DAMAGED", "DELIMITERS", "CsvRows", "damaged", "foreign"]
