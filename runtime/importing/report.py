"""The report on rows as a file beside the table; gone again if there is nothing to say."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType

from domain.errors import Invalid
from domain.table_import import Remark
from handlers.row_report import header, lines


class ReportFile(AbstractContextManager["ReportFile"]):
    """Remarks as a table that is safe to open in a spreadsheet.

    Opened before the first row is. Raises ``Invalid`` where it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.written = 0
        try:
            self._file = path.open("w", encoding="utf-8", newline="")
        except OSError as error:
            detail = f"{path.name}: {error.strerror}; name another place with --report"
            raise Invalid("file-unwritable", "无法写入行报告", detail) from error
        self._file.write(header())

    def write(self, remarks: Sequence[Remark]) -> None:
        """Note what was found."""
        self._file.write(lines(remarks))
        self.written += len(remarks)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        if not self.written:
            self.path.unlink()


def beside(table: Path) -> Path:
    """Where the report on a table lies unless another place is named."""
    return table.with_name(f"{table.name.split('.')[0]}.report.csv")
