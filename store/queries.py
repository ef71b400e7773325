"""Named SQL: every statement lives in ``store/queries/NAME.sql``; this reads them. Used only inside ``store``."""

from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent / "queries"


@cache
def sql(name: str) -> str:
    """The text of a named query. Raises ``FileNotFoundError`` for a name nobody wrote."""
    return (_FOLDER / f"{name}.sql").read_text(encoding="utf-8")


def read_all() -> None:
    """Read every query now, so that a process speaks the SQL of the version it was started with."""
    for name in names():
        sql(name)


def names() -> list[str]:
    """All named queries, for the test that prepares each against the schema."""
    return sorted(path.stem for path in _FOLDER.glob("*.sql"))
