"""Loading the register of devices: the last table given is what holds."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from domain.errors import Unavailable
from store.devices import COLUMNS, DeviceRow
from store.table_load import Register, TableLoad, load_connection

_REGISTER = Register(
    staged="devices_staged",
    columns=COLUMNS,
    merge="devices_merge",
    lock=0x64657669636573,  # «devices»
    busy=Unavailable("devices-load-running", "已有设备导入在进行", "wait for the other load to end"),
)
DeviceLoad = TableLoad[DeviceRow]


@asynccontextmanager
async def loading_devices(dsn: str) -> AsyncIterator[DeviceLoad]:
    """The register of devices, for one load. Raises ``Unavailable`` if the database is away or another load runs."""
    async with load_connection(dsn, "cityloop-devices", _REGISTER) as connection:
        yield DeviceLoad(connection, _REGISTER)
