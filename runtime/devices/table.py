"""A table of devices on its way into their register."""

from collections.abc import Sequence
from pathlib import Path

from domain.errors import Fault
from domain.place import Crs
from runtime.assets.command import Register
from runtime.assets.layout import Layout
from runtime.assets.placing import Sites
from runtime.citypack import Pack
from runtime.devices.judge import DeviceJudge, JudgedDevice
from runtime.devices.layout import DEVICES, DeviceMapping, read_device_mapping
from store.device_load import loading_devices
from store.devices import DeviceRow


class DevicePlacing:
    """Places batches of devices; the table's positions are all in ``crs``."""

    def __init__(self, sites: Sites, crs: Crs) -> None:
        self._sites = sites
        self._crs = crs

    def place(self, batch: Sequence[JudgedDevice]) -> list[DeviceRow | Fault]:
        """A row for each, in order, or what keeps it out: it lies outside the city in no known grid."""
        return [
            site if isinstance(site, Fault) else one.row(site.lon, site.lat, self._crs, site.grid, site.area)
            for one, site in zip(batch, self._sites.of(batch), strict=True)
        ]


class DeviceTable:
    """A table of devices, by the file of a mapping where the city's columns have names of their own."""

    def __init__(self, mapping: Path | None) -> None:
        self._mapping = read_device_mapping(mapping) if mapping else DeviceMapping()

    @property
    def delimiter(self) -> str | None:
        """As the mapping says."""
        return self._mapping.delimiter

    def begin(self, header: Sequence[str], pack: Pack, crs: Crs | None) -> tuple[DeviceJudge, DevicePlacing]:
        """Who judges the rows and who places them. Raises ``Invalid``."""
        units = {unit.id: unit.name for unit in pack.roster.units.values()}
        layout = Layout(header, self._mapping, DEVICES)
        judge = DeviceJudge(layout, self._mapping, units, crs or self._mapping.crs)
        return judge, DevicePlacing(Sites(pack.atlas, judge.crs), judge.crs)


DEVICE_REGISTER: Register[JudgedDevice, DeviceRow] = Register(DeviceTable, loading_devices)
