"""Loading the register of components. The row with the later date wins, in whatever order files come.

A row whose date (变更日期, else 初始日期) lies before that of the register changes nothing; one that says no change
date keeps the register's.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date

from domain.errors import Unavailable
from store.table_load import Fates, Register, TableLoad, load_connection

__all__ = ["AssetLoad", "AssetRow", "Fates", "loading"]

# one row of the register; the fields in the order of COLUMNS
AssetRow = tuple[
    str, str, str | None, str, str, str, str, str, str, str, str | None, str | None, str, date, date | None, str,
    str, str, str, str, float | None, float | None, str | None, int | None, int | None, str, str,
]  # fmt: skip
COLUMNS = (
    "code", "name", "category", "state", "authority_code", "authority_name", "owner_code", "owner_name",
    "maintainer_code", "maintainer_name", "grid", "grid_by_point", "area", "first_on", "changed_on", "source",
    "street_code", "street_name", "community_code", "community_name", "lon", "lat", "accuracy", "cell_x", "cell_y",
    "note", "doc",
)  # fmt: skip
_REGISTER = Register(
    staged="assets_staged",
    columns=COLUMNS,
    merge="assets_merge",
    lock=0x617373657473,  # «assets»
    busy=Unavailable("assets-load-running", "已有部件导入在进行", "wait for the other load to end"),
)
AssetLoad = TableLoad[AssetRow]


@asynccontextmanager
async def loading(dsn: str) -> AsyncIterator[AssetLoad]:
    """The register, for one load. Raises ``Unavailable`` if the database is away or another load runs."""
    async with load_connection(dsn, "cityloop-assets", _REGISTER) as connection:
        yield AssetLoad(connection, _REGISTER)
