"""A register's table as a city writes it, and the ways to bring it in without a terminal."""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

from domain.place import Crs
from runtime.assets.judge import Judge
from runtime.assets.layout import AssetMapping, Layout
from runtime.assets.load import Into, LoadTally, load_table
from runtime.assets.placing import Placing
from runtime.importing.encodings import Encoding
from runtime.importing.report import ReportFile
from runtime.importing.rows import RowFile
from store.asset_load import AssetRow
from tests.demo_city import grid, pack, spot

TODAY = date(2026, 11, 21)
STANDARD = (
    "GLBJBSM", "GLBJMC", "ZGBMDM", "ZGBMMC", "QSDWDM", "QSDWMC", "YHDWDM", "YHDWMC", "SZDYWGBSM", "GLBJZT", "CSRQ",
    "BGRQ", "SJLY", "BZ", "SZJDDM", "SZJDMC", "SZSQDM", "SZSQMC", "经度", "纬度",
)  # fmt: skip
BEFORE_2026 = (
    "ObjID", "ObjName", "DeptCode1", "DeptName1", "DeptCode2", "DeptName2", "DeptCode3", "DeptName3", "BGID",
    "ObjState", "ORDate", "CHDate", "DataSource", "Note",
)  # fmt: skip
CHINESE = (
    "管理部件标识码", "管理部件名称", "主管部门代码", "主管部门名称", "权属单位代码", "权属单位名称", "养护单位代码",
    "养护单位名称", "所在单元网格标识码", "管理部件状态", "初始日期", "变更日期", "数据来源", "备注",
    "所在街道（镇、乡）代码", "所在街道（镇、乡）名称", "所在社区（村）代码", "所在社区（村）名称",
)  # fmt: skip
LAMP, COVER = "01037", "01002"


def a_code(number: int, kind: str = COVER) -> str:
    """The identifier of a component in 临湖区."""
    return f"439901{kind}{number:06d}"


def a_component(number: int = 1, n: int | None = 0, **changes: str) -> dict[str, str]:
    """A shaft cover in the middle of the n-th grid, its cells by the names of the standard; n None: no position."""
    at = None if n is None else spot(n)
    cells = {
        "GLBJBSM": a_code(number),
        "GLBJMC": "污水井盖",
        "ZGBMDM": "11439900MB0000001A",
        "ZGBMMC": "云湖市住房和城乡建设局",
        "QSDWDM": "91439900MA0000002B",
        "QSDWMC": "云湖市排水有限公司",
        "YHDWDM": "91439900MA0000003C",
        "YHDWMC": "云湖市市政设施养护中心",
        "SZDYWGBSM": grid(n or 0),
        "GLBJZT": "完好",
        "CSRQ": "20240601",
        "BGRQ": "",
        "SJLY": "实测",
        "BZ": "",
        "SZJDDM": "",
        "SZJDMC": "",
        "SZSQDM": "",
        "SZSQMC": "",
        "经度": "" if at is None else str(at.lon),
        "纬度": "" if at is None else str(at.lat),
    }
    return {**cells, **changes}


def written(rows: Sequence[Mapping[str, str]], header: Sequence[str] = STANDARD) -> str:
    """The table as text; of each row the first cells, in the order of the standard, under this header."""
    lines = [",".join(header)]
    for row in rows:
        cells = list(row.values())
        lines.append(",".join(f'"{cell}"' if "," in cell else cell for cell in cells[: len(header)]))
    return "\n".join(lines) + "\n"


def filled(path: Path, *rows: Mapping[str, str]) -> Path:
    """The rows as a file, under the names of the first one's cells."""
    path.write_text(written(rows, header=tuple(rows[0])), encoding="utf-8")
    return path


async def brought(
    into: Into[AssetRow],
    path: Path,
    *rows: Mapping[str, str],
    crs: Crs | None = Crs.CGCS2000,
    encoding: Encoding = "utf-8",
    mapping: AssetMapping | None = None,
) -> LoadTally:
    """Write rows to a file, if any are given, and bring the file in; remarks lie beside it."""
    if rows:
        filled(path, *rows)
    mapping = mapping or AssetMapping()
    with RowFile(path, encoding, mapping.delimiter) as table, ReportFile(remarks_of(path)) as report:
        judge = Judge(Layout(table.header, mapping), mapping, pack().catalogue, crs, TODAY)
        return await load_table(table, judge, Placing(pack().atlas, judge.crs), into, report)


def remarks_of(path: Path) -> Path:
    """Where the remarks on a table lie."""
    return path.with_suffix(".remarks.csv")


def remarks(path: Path) -> list[list[str]]:
    """The remarks on a table: line, outcome, column, code; none where there is no file of them."""
    found = remarks_of(path)
    if not found.exists():
        return []
    return [line.split(",")[:4] for line in found.read_text(encoding="utf-8-sig").splitlines()[1:]]
