"""The duty roster of a city pack: ``people.csv``, ``teams.csv`` (班组) and ``shifts.csv`` (班次, working hours)."""

from collections.abc import Iterable
from dataclasses import dataclass

from dispatch.duty import Duty, Person, Shift, Team
from dispatch.windows import Window
from domain.clock import Calendar
from domain.errors import Invalid
from domain.place import Crs, Point
from domain.report import checked_point
from geo.crs import to_wgs84_many
from runtime.citypack.duties import Units
from runtime.citypack.files import PackFiles
from runtime.citypack.tables import Row, Table, read_table, reject_repeated
from runtime.citypack.times import window_of

_PEOPLE = Table(
    "people.csv",
    ("id", "name", "unit"),
    ("role", "phone", "deputy"),
    headers={"人员编号": "id", "姓名": "name", "岗位": "role", "代班人": "deputy"},
)
_TEAMS = Table(
    "teams.csv",
    ("id", "name", "unit"),
    ("lon", "lat", "crs"),
    headers={"班组编号": "id", "班组名称": "name", "经度": "lon", "纬度": "lat", "坐标系": "crs"},
)
_OWN_HOURS = ("weekdays", "working", "season", "start", "end")
_SHIFTS = Table(
    "shifts.csv",
    ("of", "name"),
    ("window", *_OWN_HOURS, "people", "valid_from", "valid_to"),
    headers={"单位或班组": "of", "班次": "name", "值班人员": "people"},
)
_SYSTEMS = {crs.value: crs for crs in Crs} | {crs.name: crs for crs in Crs}


@dataclass(frozen=True)
class DutyTables:
    """The rows without faults."""

    people: tuple[Person, ...]
    teams: tuple[Team, ...]
    shifts: tuple[Shift, ...]

    def duty(self, calendar: Calendar) -> Duty:
        """The roster by a city's calendar."""
        return Duty(calendar, self.people, self.teams, self.shifts)


def read_duty(files: PackFiles, units: Units, windows: Iterable[Window]) -> DutyTables:
    """The duty roster; faults are noted. A city may do without any of the three files."""
    known = _ids(units)
    people = _people(files, known)
    teams = _teams(files, known)
    named = {window.name: window for window in windows}
    shifts: list[Shift] = []
    for row in read_table(files, _SHIFTS, required=False) or ():
        of, of_people = row["of"], row.names("people")
        row.refer([of], None if known is None else known | teams.keys(), "team-unknown")
        row.refer(of_people, people, "duty-person-unknown")
        window = _window(row, named)
        valid = row.validity("valid_from", "valid_to")
        if row.ok and window is not None:
            shifts.append(Shift(of, row["name"], window, of_people, valid))
    return DutyTables(tuple(people.values()), tuple(teams.values()), tuple(shifts))


def _ids(units: Units) -> frozenset[str] | None:
    """The units' ids, also of rows with faults; None if the table could not be read, which is noted."""
    return None if units.names is None else frozenset(name for name in units.names if not name.startswith("@"))


def _people(files: PackFiles, known: frozenset[str] | None) -> dict[str, Person]:
    rows = read_table(files, _PEOPLE, required=False) or []
    reject_repeated(rows, "id")
    ids = {row["id"] for row in rows}
    for row in rows:
        row.identifier("id")
        row.refer([row["unit"]], known, "unit-unknown")
        row.refer([row["deputy"]] if row["deputy"] else [], ids, "deputy-unknown")
        if row["deputy"] and row["deputy"] == row["id"]:
            row.fault("deputy-self")
    return {
        row["id"]: Person(row["id"], row["name"], row["unit"], row["role"], row["phone"], row["deputy"])
        for row in rows
        if row.ok
    }


def _teams(files: PackFiles, known: frozenset[str] | None) -> dict[str, Team]:
    rows = read_table(files, _TEAMS, required=False) or []
    reject_repeated(rows, "id")
    teams: dict[str, Team] = {}
    for row in rows:
        row.identifier("id")
        row.refer([row["unit"]], known, "unit-unknown")
        if known is not None and row["id"] in known:
            row.fault("duplicate-id", f"{row['id']} is a unit")
        point = _point(row)
        if row.ok:
            teams[row["id"]] = Team(row["id"], row["name"], row["unit"], point)
    return teams


def _point(row: Row) -> Point | None:
    """Where a team is stationed, in WGS-84 or CGCS2000 as cases are; None where the row does not say."""
    told = [row[column] for column in ("lon", "lat", "crs")]
    if not any(told):
        return None
    if not all(told):
        row.fault("cell-empty", "lon, lat and crs go together")
        return None
    system = _SYSTEMS.get(row["crs"])
    if system is None:
        row.fault("crs-unknown", f"one of {', '.join(crs.name for crs in Crs)}")
        return None
    lon, lat = row.number("lon", 0), row.number("lat", 0)
    if not row.ok:
        return None
    try:
        point = checked_point(lon, lat, system, "")
    except Invalid as error:
        row.fault(error.code, "lon, lat")
        return None
    if system in (Crs.WGS84, Crs.CGCS2000):
        return point
    lons, lats = to_wgs84_many([point.lon], [point.lat], system)
    return Point(round(float(lons[0]), 7), round(float(lats[0]), 7), Crs.WGS84)


def _window(row: Row, named: dict[str, Window]) -> Window | None:
    """The hours of a shift: a named time of ``windows.csv``, or the row's own."""
    if not row["window"]:
        return window_of(row, row["name"])
    if any(row[column] for column in _OWN_HOURS):
        row.fault("hours-twice", "a named time or hours of its own")
    row.refer([row["window"]], named, "window-unknown")
    return named.get(row["window"])
