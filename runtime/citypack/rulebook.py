"""The dispatch rules (派单目录) of a city pack: ``rules.csv``, and the sets, times, tags and uses of land they name."""

from collections.abc import Container

from classify.rules import KeywordRule
from runtime.citypack.catalogue import Book
from runtime.citypack.duties import Units
from runtime.citypack.files import PackFiles
from runtime.citypack.map import CityMap
from runtime.citypack.settings import Settings
from runtime.citypack.tables import Row, Table, read_table, reject_repeated
from runtime.citypack.times import read_windows
from runtime.citypack.vocabulary import Vocabulary, category_tree

RULES = Table(
    "rules.csv",
    ("id", "lead"),
    (
        "category", "area", "condition", "owner", "maintainer", "tag", "window", "urgency", "caller", "source",
        "land_use", "sent_back", "assist", "optional", "plan", "limit", "instruction", "valid_from", "valid_to",
        "exception", "note",
    ),
    headers={"类别": "category", "来电人类别": "caller", "规则说明": "note"},
)  # fmt: skip
_SETS = Table("sets.csv", ("id", "members"), ("note",))
_TAGS = Table("tags.csv", ("tag", "words"), ("unless",))
_LAND_USE = Table("land_use.csv", ("area", "land_use"))


def read_vocabulary(
    files: PackFiles, settings: Settings, book: Book, units: Units, city: CityMap, plans: Container[str]
) -> Vocabulary:
    """All that rules may name, some of it from files of their own; what is wrong with these is noted."""
    return Vocabulary(
        book,
        units,
        city.declared,
        category_tree(book),
        city.area_tree,
        plans,
        _read_sets(files),
        read_windows(files),
        _read_tags(files),
        _read_land_use(files, city),
        settings.said.fallback if settings.said else "",
        settings.fallback_at,
    )


def read_rule_rows(files: PackFiles) -> list[Row]:
    """The rows of ``rules.csv``, also those with faults."""
    rows = read_table(files, RULES) or []
    reject_repeated(rows, "id")
    return rows


def _read_sets(files: PackFiles) -> dict[str, tuple[str, ...]]:
    """Named sets of areas or categories, ``#name`` in a rule."""
    rows = read_table(files, _SETS, required=False) or []
    reject_repeated(rows, "id")
    return {row.identifier("id"): row.names("members") for row in rows}


def _read_tags(files: PackFiles) -> tuple[KeywordRule, ...]:
    rows = read_table(files, _TAGS, required=False) or []
    tags = [KeywordRule(row.identifier("tag"), row.names("words"), unless=row.names("unless")) for row in rows]
    return tuple(tag for row, tag in zip(rows, tags, strict=True) if row.ok)


def _read_land_use(files: PackFiles, city: CityMap) -> dict[str, str]:
    rows = read_table(files, _LAND_USE, required=False) or []
    reject_repeated(rows, "area")
    for row in rows:
        row.refer([row["area"]], city.declared, "area-unknown")
    return {row["area"]: row["land_use"] for row in rows if row.ok}
