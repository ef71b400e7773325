"""What the check of a rulebook finds, told at its line of the table, with the city's own names."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from dispatch.check import Finding, Office, Trouble, check
from dispatch.rulebook import Rulebook
from domain.rule_table import Remark
from runtime.citypack.catalogue import Book
from runtime.citypack.codes import CLASS, key_of
from runtime.citypack.duties import Units
from runtime.citypack.files import PackFiles
from runtime.citypack.map import CityMap
from runtime.citypack.settings import GrassrootsBlock, Settings

TITLES: Mapping[Trouble, str] = {
    Trouble.UNCOVERED: "无规则覆盖",
    Trouble.DEAD: "规则永不生效",
    Trouble.NOT_VALID: "规则不在有效期",
    Trouble.ENDS_SOON: "例外即将到期",
    Trouble.UNREACHABLE: "单位无法联系",
    Trouble.NO_UNIT: "单位已撤销且无接替",
    Trouble.TOO_LOW: "部门职责派给基层",
}
_TOLD = 6


@dataclass(frozen=True)
class Words:
    """Names for the nodes of both trees and for units."""

    categories: Mapping[str, str]
    areas: Mapping[str, str]
    units: Mapping[str, str]

    @classmethod
    def of(cls, book: Book, city: CityMap, units: Mapping[str, str]) -> "Words":
        """The city's own; a category is named by its code, as rules name it."""
        categories: dict[str, str] = {}
        for one in book.catalogue.categories.values():
            categories[one.key] = f"{one.code} {one.name}"
            categories[f"{CLASS}{one.class_code}"] = f"{CLASS}{one.class_code} {one.class_name}"
        areas = {code: f"{code} {area.name}" for code, area in city.atlases.areas.items()} if city.atlases else {}
        return cls(categories, areas, {unit: f"{unit} {name}" for unit, name in units.items()})

    def says(self, finding: Finding) -> str:
        """A finding in words."""
        parts = [
            f"rules {_listed(finding.rules, {})}" if finding.rules else "",
            f"units {_listed(finding.units, self.units)}" if finding.units else "",
            f"categories {_listed(finding.categories, self.categories)}" if finding.categories else "",
            f"areas {_listed(finding.areas, self.areas)}" if finding.areas else "",
            f"{finding.cells:,} cells" if finding.cells else "",
        ]
        return "; ".join(filter(None, parts))


def read_office(files: PackFiles, settings: Settings, book: Book, units: Units, reachable: Collection[str]) -> Office:
    """What the check must know beside the rulebook; unknown names are noted. A class stands for all of it."""
    block = settings.said.grassroots if settings.said else GrassrootsBlock()
    for i, kind in enumerate(block.kinds):
        if units.names is not None and f"@{kind}" not in units.names:
            files.findings.fault(settings.at("grassroots", "kinds", i), "unit-unknown", f"@{kind}")
    theirs: set[str] = set()
    for i, code in enumerate(block.theirs):
        at = settings.at("grassroots", "theirs", i)
        if code.startswith(CLASS):
            of_class = {c.key for c in book.catalogue.categories.values() if c.class_code == code[len(CLASS) :]}
            if not of_class and book.complete:
                files.findings.fault(at, "class-unknown", code)
            theirs |= {code} | of_class
        elif key := key_of(files, book, code, at):
            theirs.add(key)
    return Office(reachable, frozenset(block.kinds), frozenset(theirs))


def remarks(
    book: Rulebook, at: Mapping[str, str], file: str, day: date, office: Office, words: Words
) -> tuple[Remark, ...]:
    """What is wrong with a rulebook that compiles, each at the line of the first rule it is about."""
    found = check(book, day, office)
    return tuple(
        Remark(
            at.get(one.rules[0], file) if one.rules else file,
            one.trouble,
            TITLES[one.trouble],
            words.says(one),
            one.remedy,
        )
        for one in found
    )


def _listed(names: Collection[str], words: Mapping[str, str]) -> str:
    told: Iterable[str] = (words.get(name, name) or "all" for name in list(names)[:_TOLD])
    more = f" and {len(names) - _TOLD} more" if len(names) > _TOLD else ""
    return ", ".join(told) + more
