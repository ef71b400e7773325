"""The sensors of Yunhu: what is measured where, on which network it hangs, and by which gateway it speaks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

from domain.place import Crs, Level
from runtime.citypack import Pack
from runtime.demo.line import Plain

_METRE = 1 / 111_320
_STEP = 12.0


@dataclass(frozen=True, slots=True)
class Group:
    """Devices of one kind along some communities, spread over so many gateways; ``lines``: they hang on one network."""

    name: str
    kind: str
    words: str
    unit: str
    communities: tuple[str, ...]
    devices: int
    gateways: int = 1
    lines: bool = False


GROUPS = (
    Group("wl-wanghu", "water-level", "望湖雨水管线液位计", "drainage", ("439901001002",), 20, 2, True),
    Group("wl-yunqi", "water-level", "云栖雨水管线液位计", "drainage", ("439901002001",), 20, 2, True),
    Group("wl-xincheng", "water-level", "新城雨水管线液位计", "drainage", ("439902003001",), 6, 1, True),
    Group("mh-dukou", "manhole", "渡口智能井盖", "drainage", ("439901003001",), 12),
    Group("ns-yunhu", "noise", "环境噪声点", "environment", ("439901003003", "439902003003"), 10),
    Group("pm-chuangye", "pm25", "创业微型空气站", "environment", ("439902003003",), 8),
    Group("lamp-dukou", "street-lamp", "渡口馈线路灯", "lighting", ("439901003002",), 18, 1, True),
    Group("lamp-shiqiao", "street-lamp", "石桥馈线路灯", "lighting", ("439902002001",), 16, 1, True),
)


@dataclass(frozen=True, slots=True)
class Sensor:
    """One device; its position is in WGS-84. ``fresh``: put up this morning, so that it remembers nothing."""

    id: str
    group: str
    kind: str
    number: int
    gateway: str
    name: str
    lon: float
    lat: float
    network: str | None
    unit: str
    fresh: bool = False

    def registered(self, *, active: bool = True) -> Plain:
        """What its platform registers it with."""
        where = {"lon": self.lon, "lat": self.lat, "crs": Crs.WGS84.value}
        said = {"kind": self.kind, "gateway": self.gateway, "name": self.name, "unit": self.unit, "active": active}
        return {**said, "position": where, "network": self.network}


def sensors(pack: Pack, *, run: str, seed: int) -> list[Sensor]:
    """The devices of one run, about 120; each gateway has one ``fresh`` device beside those of its group.

    The run's name is in their ids: what an earlier run left on the kept data is no part of this one's.
    """
    dice = Random(f"{seed} sensors")  # noqa: S311  (chance for a play)
    grids = _grids(pack)
    return [one for group in GROUPS for one in _of(group, grids, run, dice)]


def _grids(pack: Pack) -> Mapping[str, list[tuple[float, float]]]:
    """The middles of its unit grids by community, in the order of their codes."""
    found: dict[str, list[tuple[float, float]]] = {}
    for area in sorted(pack.atlas.tree.areas.values(), key=lambda area: area.code):
        if area.level is Level.GRID and area.polygon is not None:
            middle = area.polygon.representative_point()
            found.setdefault(pack.atlas.path(area.code)[3], []).append((middle.x, middle.y))
    return found


def _of(group: Group, grids: Mapping[str, Sequence[tuple[float, float]]], run: str, dice: Random) -> list[Sensor]:
    spots = [spot for community in group.communities for spot in grids[community]]
    total = group.devices + group.gateways
    made = []
    for n in range(total):
        fresh = n >= group.devices
        gateway = (n - group.devices) if fresh else n * group.gateways // group.devices
        # the first two stand in one unit grid and can bear each other out
        lon, lat = spots[max(n - 1, 0) * len(spots) // total]
        made.append(
            Sensor(
                id=f"{group.name}-{n + 1:02d}.{run}",
                group=group.name,
                kind=group.kind,
                number=n,
                gateway=f"gw-{group.name}-{gateway + 1}.{run}",
                name=f"{group.words}{n + 1:02d}号",
                lon=round(lon + dice.uniform(-_STEP, _STEP) * _METRE, 7),
                lat=round(lat + dice.uniform(-_STEP, _STEP) * _METRE, 7),
                network=f"line-{group.name}.{run}" if group.lines else None,
                unit=group.unit,
                fresh=fresh,
            )
        )
    return made
