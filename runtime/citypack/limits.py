"""A city's table of 立案、处置和结案 (one row a filing condition, as authorities print it) becomes files of a pack.

``convert`` reads and judges it, ``write`` lays ``categories.csv`` and ``conditions.csv`` into the pack's folder. What
the table words in its own way stays in the condition's note; no number is made up.
"""

import csv
import re
from dataclasses import astuple, dataclass, replace
from pathlib import Path

from domain.catalogue import Category, Condition, Kind, Milestone
from domain.clock import Limit, TimeUnit
from domain.errors import Fault, Invalid
from runtime.citypack.files import PackFiles
from runtime.citypack.tables import Row, Table, read_table
from runtime.citypack.terms import limit_of, seasons_text, stages_text, unit_word
from runtime.citypack.words import WORDS

_HEADERS = {
    "small_code": "code",
    "small_name": "name",
    "filing_condition": "filing",
    "closing_condition": "closing",
    "limit_value": "limit",
    "limit_unit": "unit",
    "limit_raw": "raw",
    "mapped_2026_code": "current_code",
    "处置时限": "raw",
    "采集要求": "collection",
    "序号": "seq",
    "版本": "edition",
    "现行代码": "current_code",
}
_REQUIRED = ("class_code", "class_name", "code", "name", "filing", "closing")
_OPTIONAL = ("kind", "seq", "raw", "limit", "unit", "current_code", "edition", "collection", "note")
_SHORT = 3  # digits of a small class within its class: two until 2013, three since 2026

_NAME = re.compile(r"[^\s/|@*,:：]+")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_COLLOQUIAL = re.compile(r"\d+(?:\.\d+)?\s*个?\s*(?:天|日|小时)")  # working or natural? only the city can say
_STAGE_SIGNS = re.compile("[=＝>＞→]")
_DITTO = "同上"
_NOTICE = "告知性结案"

CATEGORY_COLUMNS = ("standard", "kind", "code", "name", "class_code", "class_name", "component_code")
CONDITION_COLUMNS = (
    "category", "id", "filing", "closing", "limit", "unit", "urgency", "evidence", "by_notice", "calendar", "seasons",
    "stages", "note",
)  # fmt: skip


@dataclass(frozen=True)
class Converted:
    """What a table says, in our terms. A condition's ``category`` is as ``conditions.csv`` wants it: a key or a code.

    ``warnings`` name the rows a person should look at, by file and line: their limit is worded in its own way.
    """

    categories: tuple[Category, ...]
    conditions: tuple[Condition, ...]
    warnings: tuple[Fault, ...] = ()


def convert(table: Path, standard: str, *, current: bool = False) -> Converted:
    """All rows of ``table`` as categories of ``standard`` and their conditions, in the table's order.

    The columns are those of docs/citypack.md, «A printed table». Where the table holds several editions, each is a
    standard of its own (``yuncheng-2013-a``), for they repeat the codes. With ``current`` a condition goes to the
    national category its row is mapped to, where it is mapped to one.

    A row whose filing condition is 同上 («as above») is the next stage of the case above it. A limit without a number
    or in 天 and 小时 without a unit of ours is a fault: only the city can say what it means. Raises ``Invalid`` with
    code ``limits-invalid``; its ``faults`` are all that is wrong, by file and line.
    """
    if not _NAME.fullmatch(standard):
        raise Invalid("id-malformed", "标准名称无效", "the standard's name: no blanks and none of / | @ * , :")
    files = PackFiles(table.parent, table.parent)
    rows = read_table(files, Table(table.name, _REQUIRED, _OPTIONAL, open=True, headers=_HEADERS))
    reading = _Reading(standard, current, len({row["edition"] for row in rows or ()}) > 1)
    for row in rows or ():
        reading.take(row)
    if files.findings.faults:
        faults = tuple(files.findings.faults)
        raise Invalid("limits-invalid", "立案结案标准表有误", f"{len(faults)} faults in {table.name}", faults)
    return Converted(tuple(reading.categories.values()), tuple(reading.conditions), tuple(files.findings.warnings))


def write(converted: Converted, folder: Path) -> None:
    """Lay ``conditions.csv``, and ``categories.csv`` if there are any, into ``folder``.

    Raises ``Invalid`` with code ``file-exists`` before anything is written: a city's own tables are not overwritten.
    """
    sheets = {
        "categories.csv": (CATEGORY_COLUMNS, [astuple(category) for category in converted.categories]),
        "conditions.csv": (CONDITION_COLUMNS, [_cells(condition) for condition in converted.conditions]),
    }
    for name in sheets:
        if (folder / name).exists():
            raise Invalid("file-exists", "文件已存在", f"{name}: move it away or name another folder")
    folder.mkdir(parents=True, exist_ok=True)
    for name, (columns, rows) in sheets.items():
        if rows:
            with (folder / name).open("x", encoding="utf-8", newline="") as file:
                csv.writer(file, lineterminator="\n").writerows([columns, *rows])


def _cells(condition: Condition) -> tuple[str, ...]:
    limit = condition.limit
    return (
        condition.category, condition.id, condition.filing, condition.closing, f"{limit.value:g}",
        unit_word(limit.unit), WORDS["urgency"][condition.urgency], _flag(condition.evidence),
        _flag(condition.by_notice), condition.calendar, seasons_text(condition.seasons), stages_text(condition.stages),
        condition.note,
    )  # fmt: skip


def _flag(flag: bool) -> str:
    return "是" if flag else ""


class _Reading:
    """The table so far."""

    def __init__(self, standard: str, current: bool, editions: bool) -> None:
        self._standard, self._current, self._editions = standard, current, editions
        self._ids: dict[str, str] = {}
        self._faulty: set[str] = set()
        self._last = ""
        self._rows_of: dict[str, int] = {}
        self.categories: dict[str, Category] = {}
        self.conditions: list[Condition] = []

    def take(self, row: Row) -> None:
        """Add the row's category and condition; what is wrong with it is noted."""
        category, label = self._category(row)
        limit = _limit(row)
        row.identifier("seq")
        if limit is None or not row.ok:
            self._faulty.add(category.key)
            return
        mapped = row["current_code"] if self._current else ""
        key = mapped or category.key
        if not mapped and self.categories.setdefault(key, category) != category:
            row.fault("duplicate-id", f"{category.code} is called {self.categories[key].name} above")
        nth = self._rows_of[category.key] = self._rows_of.get(category.key, 0) + 1
        ident = f"{label}{category.kind[0]}{category.code}-{row['seq'] or nth}"
        if self._ids.setdefault(ident, row.at) != row.at:
            row.fault("duplicate-id", f"{ident}, first at {self._ids[ident]}")
        filing, closing = row["filing"], row["closing"]
        condition = Condition(ident, key, filing, closing, limit, by_notice=_NOTICE in closing, note=_note(row, limit))
        own = filing
        if filing.startswith(_DITTO):
            self._continue(row, condition, category)
            own = filing.removeprefix(_DITTO).lstrip(";；,，、 ")
        if own:
            self.conditions.append(replace(condition, filing=own))
        self._last = category.key

    def _category(self, row: Row) -> tuple[Category, str]:
        """The row's category, and what its condition's id begins with."""
        code, edition = row["code"], re.split("[:：]", row["edition"])[0].strip().lower()
        if self._editions and not _NAME.fullmatch(edition):
            row.fault("id-malformed", "edition: a name before the colon, without blanks and / | @ * ,")
        if len(code) <= _SHORT or not code.startswith(row["class_code"]):
            code = row["class_code"] + code
        row.identifier("code")
        kind = row.word("kind", Kind, Kind.EVENT)
        standard = f"{self._standard}-{edition}" if self._editions else self._standard
        category = Category(standard, kind, code, row["name"], row["class_code"], row["class_name"])
        return category, f"{edition}-" if self._editions else ""

    def _continue(self, row: Row, condition: Condition, category: Category) -> None:
        """Make what the condition above ends with a stage, and let it end as this row does."""
        if category.key in self._faulty:
            return
        if not self.conditions or self._last != category.key:
            row.fault("stage-invalid", f"{_DITTO}: no condition of this category stands above")
            return
        above = self.conditions[-1]
        if _STAGE_SIGNS.search(above.closing):
            row.fault("stage-invalid", "the closing condition above becomes a stage's name: none of = > →")
        stages = (*above.stages, Milestone(above.closing, above.limit))
        note = "；".join(dict.fromkeys(filter(None, (above.note, condition.note))))
        by_notice = condition.by_notice
        try:
            self.conditions[-1] = replace(
                above, closing=condition.closing, limit=condition.limit, by_notice=by_notice, stages=stages, note=note
            )
        except Invalid as error:
            row.fault(error.code, error.detail)


def _limit(row: Row) -> Limit | None:
    """The row's limit from its number and unit, else from its words; None, noted, if neither says one."""
    raw = row["raw"]
    try:
        if not row["limit"]:
            return _limit_in_words(row, raw)
        if not row["unit"]:
            row.fault("cell-empty", "unit")
        limit = Limit(row.number("limit", 1), row.word("unit", TimeUnit, TimeUnit.WORK_DAY))
        numbers = [float(number) for number in _NUMBER.findall(raw)]
        if row.ok and numbers and limit.value not in numbers:
            row.fault("limit-differs", f"{raw} is not {limit}")
        return limit
    except Invalid as error:
        row.fault(error.code, error.detail)
        return None


def _limit_in_words(row: Row, raw: str) -> Limit | None:
    if not _NUMBER.search(raw):
        row.fault("limit-missing", raw)
        return None
    if _COLLOQUIAL.fullmatch(raw):
        row.fault("limit-ambiguous", raw)
        return None
    return limit_of(raw)


def _note(row: Row, limit: Limit) -> str:
    """What the table says and no column of ours holds: the limit's own wording, the rules of collection, notes."""
    plain = {f"{limit.value:g}{of}{unit_word(limit.unit)}" for of in ("", "个")}
    notes = [row["note"]]
    if row["collection"]:
        notes.insert(0, f"采集要求：{row['collection']}")
    if row["raw"] and row["raw"] not in plain:
        notes.insert(0, f"原文时限：{row['raw']}")
        if not _COLLOQUIAL.fullmatch(row["raw"]):
            row.findings.warn(row.at, "limit-worded", row["raw"])
    return "；".join(filter(None, notes))
