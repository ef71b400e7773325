"""The adviser for rulebooks as documents: reads, checks, compiles and writes them with the words of one city pack."""

from collections.abc import Mapping, Sequence
from datetime import date
from hashlib import sha256
from pathlib import Path

import msgspec

from dispatch.engine import Engine
from dispatch.rulebook import Rulebook
from domain.errors import Fault
from domain.rule_table import Remark, RuleRow
from runtime.citypack import Pack
from runtime.citypack.files import Findings
from runtime.citypack.rule_check import remarks
from runtime.dispatch.tables import Form, RuleTable, read_rule_table, rows_of_objects, rulebook_invalid, written

_FAULT = "规则有误"


class CityRules:
    """``handlers.rulebooks.Rules`` of one city pack. All methods may take a second: call them in threads."""

    def __init__(self, pack: Pack) -> None:
        self._pack = pack

    def read(self, file: Path) -> tuple[RuleRow, ...]:
        """The rows of a CSV or XLSX; see ``read_rule_table``."""
        return read_rule_table(file).rows

    def rows(self, objects: Sequence[Mapping[str, str]]) -> tuple[RuleRow, ...]:
        """The rows of plain objects; see ``rows_of_objects``."""
        return rows_of_objects(objects)

    def written(self, rows: Sequence[RuleRow], form: Form) -> bytes:
        """The table as a file, with the names of what it may speak of in a workbook."""
        return written(rows, form, self._legend() if form == "xlsx" else ())

    def version(self, name: str, rows: Sequence[RuleRow]) -> str:
        """A name with a digest of the rows, which changes with any of them: ``winter+5d41402a``."""
        return f"{name}+{sha256(msgspec.json.encode(rows, order='sorted')).hexdigest()[:8]}"

    def check(self, rows: Sequence[RuleRow], day: date) -> tuple[Remark, ...]:
        """Everything that is wrong with a rulebook on a day; the grave first, and only these if there are any."""
        return self.check_table(RuleTable(tuple(rows)), day)

    def check_table(self, table: RuleTable, day: date) -> tuple[Remark, ...]:
        """As ``check``, with the file's own name and lines."""
        findings = Findings()
        vocabulary = self._pack.vocabulary
        read = vocabulary.read(table.judged(findings))
        book = vocabulary.compile("", read, findings)
        if book is None or findings.faults:
            return tuple(_grave(fault) for fault in sorted(findings.faults, key=_place))
        return remarks(book, read.at, table.name, day, self._pack.bureau, self._pack.names)

    def compiled(self, version: str, table: RuleTable) -> Rulebook:
        """The rulebook under ``PACK/VERSION``: what a rule means depends on both. Raises ``rulebook-invalid``."""
        findings = Findings()
        vocabulary = self._pack.vocabulary
        book = vocabulary.compile(f"{self._pack.version}/{version}", vocabulary.read(table.judged(findings)), findings)
        if book is None or findings.faults:
            raise rulebook_invalid(sorted(findings.faults, key=_place))
        return book

    def engine(self, version: str, rows: Sequence[RuleRow]) -> Engine:
        """Who judges by these rows. Raises ``Invalid`` with code ``rulebook-invalid``."""
        return Engine(self.compiled(version, RuleTable(tuple(rows))))

    def _legend(self) -> list[tuple[str, str, str]]:
        """What codes stand for: column, code, name."""
        pack = self._pack
        units = [("主办、协办单位", unit.id, unit.name) for unit in pack.roster.units.values()]
        kinds = sorted({unit.kind for unit in pack.roster.units.values() if unit.kind and unit.areas})
        units += [("主办、协办单位", f"@{kind}", "所在区域的同类单位") for kind in kinds]
        units += [("主办、协办单位", "@owner", "部件权属单位"), ("主办、协办单位", "@maintainer", "部件养护单位")]
        classes = {one.class_code: one.class_name for one in pack.catalogue.categories.values()}
        of_class = [("类别代码", f"class:{code}", name) for code, name in sorted(classes.items())]
        own = (one for one in pack.catalogue.categories.values() if one.key in pack.vocabulary.categories)
        categories = [("类别代码", one.code, one.name) for one in own]
        areas = [("区域", code, area.name) for code, area in pack.atlases.areas.items()]
        windows = [("时段", window.name, "") for window in pack.vocabulary.windows]
        tags = [("文本标签", tag.category, "、".join(tag.words)) for tag in pack.tags]
        return [*units, *of_class, *categories, *areas, *windows, *tags]


def _grave(fault: Fault) -> Remark:
    from runtime.remedies import DOORS, FILES  # knows every code there is: only who meets a fault pays for that

    remedy = FILES.get(fault.code) or DOORS.get(fault.code, "")
    return Remark(fault.pointer, fault.code, _FAULT, fault.hint, remedy, grave=True)


def _place(fault: Fault) -> tuple[str, int]:
    file, _, line = fault.pointer.partition(":")
    return file, int(line or 0)
