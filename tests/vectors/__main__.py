"""``make vectors``: the catalogue of bad input against every way in, as a table; 1 at the end if anything is wrong."""

import asyncio
import sys
import tempfile
import warnings
from collections.abc import Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

with warnings.catch_warnings():
    # kafka-python reads its protocol files by deprecated calls, once, while it is imported for the first time.
    warnings.filterwarnings("ignore", "(read|open)_text is deprecated", DeprecationWarning)
    from runtime.embedded import EmbeddedPostgres

from store.pool import connect
from tests.conftest import fresh_database
from tests.front_door import front_door
from tests.vectors.hearing import Log, by_mqtt, judged
from tests.vectors.imports import by_import
from tests.vectors.judge import MAX_REFUSAL
from tests.vectors.line import Line
from tests.vectors.run import by_http, by_kafka, filed, things, vectors

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def _database() -> "Iterator[str]":
    with tempfile.TemporaryDirectory(prefix="cityloop-vectors-", ignore_cleanup_errors=True) as home:
        Path(home).chmod(0o755)  # the user PostgreSQL runs as may be another
        with EmbeddedPostgres(Path(home) / "postgres") as database:
            yield database.dsn


async def _run(server: str) -> tuple[dict[str, Line], list[str]]:
    async with fresh_database(server) as dsn, front_door(dsn, kafka="127.0.0.1:1") as city:
        pool = await connect(dsn, size=2, application="vectors")
        try:
            log = Log()
            lines = await by_http(city, vectors(city, await things(city.office)), log)
            lines |= await by_import(city)
            lines |= await by_kafka(city.office, pool)
            lines |= await by_mqtt(city.office, log)
            return lines, [*await judged(city.office, log), *await filed(city.office, pool)]
        finally:
            await pool.close()


def _show(lines: Mapping[str, Line]) -> None:
    table = Table("Intake", "Vectors", "As wanted", "5xx", "Uncatalogued", "Longest refusal, bytes", show_footer=True)
    for column in table.columns[1:]:
        column.justify = "right"
    totals = [0, 0, 0, 0, 0]
    for intake, line in lines.items():
        row = [line.sent, line.sent - len(line.wrong), line.broken, line.unlisted, line.largest]
        totals = [*(a + b for a, b in zip(totals[:4], row, strict=False)), max(totals[4], line.largest)]
        table.add_row(intake, *map(str, row))
    for column, footer in zip(table.columns, [f"{len(lines)} intakes", *map(str, totals)], strict=True):
        column.footer = footer
    console = Console(width=140)
    console.print(table)
    for intake, line in lines.items():
        for name, why in line.wrong.items():
            console.print(f"{intake}: {name}: {'; '.join(why)}", markup=False, highlight=False)


def main() -> int:
    """Run all; the exit status."""
    with _database() as server:
        lines, unused = asyncio.run(_run(server))
    _show(lines)
    for error in unused:
        print(f"let in, and what is behind the door could not use it: {error}")
    good = all(not line.wrong and line.largest <= MAX_REFUSAL for line in lines.values())
    return 0 if good and not unused else 1


if __name__ == "__main__":
    sys.exit(main())
