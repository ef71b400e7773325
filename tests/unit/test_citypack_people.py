"""``people.csv``, ``teams.csv`` and ``shifts.csv`` of a city pack: every slip has its line, a city may do without."""

from datetime import time
from pathlib import Path

import pytest

from dispatch.duty import Person
from dispatch.roster import Roster, Unit
from dispatch.windows import Window
from domain.lattice import metres
from domain.place import Crs, Point
from runtime.citypack.duties import Units
from runtime.citypack.files import PackFiles
from runtime.citypack.people import DutyTables, read_duty
from tests.build import a_policy

UNITS = Units(Roster([Unit("roads", "市政"), Unit("parks", "绿化")]), frozenset({"roads", "parks"}))
NIGHT = Window("夜间", start=time(22), end=time(6))
PEOPLE = "id,name,unit,deputy\nli,李,roads,wang\nwang,王,roads,"


class Desk(PackFiles):
    """A pack of texts."""

    def __init__(self, **files: str) -> None:
        super().__init__(Path(), Path())
        self._files = files

    def text(self, name: str, *, required: bool = True, national: bool = False) -> str | None:
        found = self._files.get(name.removesuffix(".csv"))
        if found is not None:
            self.seen[name] = found.encode()
        return found


def read(**files: str) -> tuple[DutyTables, list[tuple[str, str]]]:
    desk = Desk(**files)
    tables = read_duty(desk, UNITS, [NIGHT])
    return tables, [(fault.pointer, fault.code) for fault in desk.findings.faults]


def test_a_city_without_a_roster_is_always_on_duty() -> None:
    tables, faults = read()
    assert (tables, faults) == (DutyTables((), (), ()), [])
    assert tables.duty(a_policy().calendar).people == {}


def test_a_roster_as_a_clerk_writes_it() -> None:
    tables, faults = read(
        people="人员编号,姓名,单位,岗位,电话,代班人\nli,李,roads,班长,0399,wang\nwang,王,roads,,,",
        teams="班组编号,班组名称,单位\neast,东班,roads",
        shifts="单位或班组,班次,时段,星期,工作日,开始,结束,值班人员\nroads,白班,,周一|周二,,08:00,20:00,li|wang\n"
        "east,夜班,夜间,,,,,\nparks,办公,,,是,08:30,17:30,",
    )
    assert not faults
    assert tables.people[0] == Person("li", "李", "roads", "班长", "0399", "wang")
    day, night, office = tables.shifts
    assert day.window == Window("白班", frozenset({0, 1}), None, None, time(8), time(20))
    assert (day.people, night.window, night.of) == (("li", "wang"), NIGHT, "east")
    assert (office.window.working, office.people) == (True, ())


def test_a_team_stands_where_the_case_is_looked_for_whatever_map_it_was_read_from() -> None:
    tables, faults = read(
        teams="id,name,unit,lon,lat,crs\na,东班,roads,116.40,39.90,GCJ02\nb,西班,roads,116.4,39.9,CGCS2000"
    )
    assert not faults
    east, west = (team.point for team in tables.teams)
    assert east is not None
    assert west == Point(116.4, 39.9, Crs.CGCS2000)
    assert east.crs is Crs.WGS84
    assert 300 < metres(east, west) < 800


@pytest.mark.parametrize(
    ("files", "fault"),
    [
        ({"people": "id,name,unit\nli,李,sewers"}, ("people.csv:2", "unit-unknown")),
        ({"people": "id,name,unit\nli,李,roads\nli,李,roads"}, ("people.csv:3", "duplicate-id")),
        ({"people": "id,name,unit,deputy\nli,李,roads,sun"}, ("people.csv:2", "deputy-unknown")),
        ({"people": "id,name,unit,deputy\nli,李,roads,li"}, ("people.csv:2", "deputy-self")),
        ({"teams": "id,name,unit\nroads,东班,roads"}, ("teams.csv:2", "duplicate-id")),
        ({"teams": "id,name,unit\neast,东班,sewers"}, ("teams.csv:2", "unit-unknown")),
        ({"teams": "id,name,unit,lon,lat,crs\neast,东班,roads,116,39,"}, ("teams.csv:2", "cell-empty")),
        ({"teams": "id,name,unit,lon,lat,crs\neast,东班,roads,116,39,X"}, ("teams.csv:2", "crs-unknown")),
        ({"teams": "id,name,unit,lon,lat,crs\neast,东班,roads,39,116,WGS84"}, ("teams.csv:2", "coordinate-swapped")),
        ({"teams": "id,name,unit,lon,lat,crs\neast,东班,roads,x,39,WGS84"}, ("teams.csv:2", "number-invalid")),
        ({"shifts": "of,name\nsewers,白班"}, ("shifts.csv:2", "team-unknown")),
        ({"shifts": "of,name,people\nroads,白班,sun", "people": PEOPLE}, ("shifts.csv:2", "duty-person-unknown")),
        ({"shifts": "of,name,window\nroads,夜班,深夜"}, ("shifts.csv:2", "window-unknown")),
        ({"shifts": "of,name,window,start\nroads,夜班,夜间,08:00"}, ("shifts.csv:2", "hours-twice")),
        ({"shifts": "of,name,start\nroads,夜班,25:00"}, ("shifts.csv:2", "time-invalid")),
        (
            {"shifts": "of,name,valid_from,valid_to\nroads,夜班,2026-02-01,2026-01-01"},
            ("shifts.csv:2", "validity-empty"),
        ),
        ({"shifts": "of,name\n,夜班"}, ("shifts.csv:2", "cell-empty")),
    ],
)
def test_every_slip_has_its_line(files: dict[str, str], fault: tuple[str, str]) -> None:
    assert fault in read(**files)[1]
