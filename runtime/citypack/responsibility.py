"""``responsibility_grids.csv`` of a city pack: which unit grids one unit and its people answer for (责任网格)."""

from collections.abc import Collection
from datetime import date

from domain.errors import Invalid
from geo.atlases import Atlases
from geo.responsibility import ResponsibilityGrid, ResponsibilityGrids
from runtime.citypack.duties import Units
from runtime.citypack.files import PackFiles
from runtime.citypack.tables import Row, Table, read_table, reject_repeated

_GRIDS = Table(
    "responsibility_grids.csv",
    ("id", "name", "areas"),
    ("kind", "unit", "people"),
    headers={"责任网格编号": "id", "责任网格名称": "name", "单元网格": "areas", "类别": "kind", "责任人": "people"},
)


def read_responsibility_grids(
    files: PackFiles, atlases: Atlases | None, day: date, units: Units, clients: Collection[str]
) -> ResponsibilityGrids:
    """The responsibility grids on the map of a day; faults are noted, and unit grids that a kind leaves out warned of.

    Codes of other days may stand beside those in force, so that a pack is ready before the map changes. ``people``
    are ids of ``clients.csv``. A city may do without the file.
    """
    rows = read_table(files, _GRIDS, required=False) or []
    reject_repeated(rows, "id")
    kept: list[tuple[Row, ResponsibilityGrid]] = []
    for row in rows:
        areas, people, kind, unit = row.names("areas"), row.names("people"), row.identifier("kind"), row["unit"]
        row.identifier("id")
        row.refer([unit] if unit else [], units.names, "unit-unknown")
        row.refer(people, clients, "person-unknown")
        if row.ok:
            kept.append((row, ResponsibilityGrid(row["id"], row["name"], areas, kind, unit, people)))
    if atlases is None:
        return ResponsibilityGrids()
    tree = atlases.at(day).tree
    try:
        grids = ResponsibilityGrids.build((grid for _, grid in kept), tree, atlases.areas)
    except Invalid as error:
        for fault in error.faults:
            kept[int(fault.pointer.split("/")[1])][0].fault(fault.code, fault.hint)
        return ResponsibilityGrids()
    for kind in grids.kinds if not files.findings.faults else ():
        left = [*grids.uncovered(tree, kind)]
        if left:
            more = f" and {len(left) - 1} more" if len(left) > 1 else ""
            files.findings.warn(_GRIDS.file, "responsibility-gap", f"{kind} {left[0]}{more}".strip())
    return grids
