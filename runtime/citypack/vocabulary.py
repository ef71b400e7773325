"""All that a dispatch rule may name in a city; reads rules from the rows of a table, however the table came."""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from classify.appeals import WANTS
from classify.rules import KeywordRule
from dispatch.rulebook import Rulebook
from dispatch.rules import MAINTAINER, OWNER, Names, Rule
from dispatch.tree import Tree
from dispatch.windows import Window
from domain.catalogue import Kind, Urgency
from domain.clock import Limit
from domain.errors import Invalid
from domain.report import CallerKind, Source
from runtime.citypack.catalogue import Book
from runtime.citypack.codes import CLASS
from runtime.citypack.duties import Units
from runtime.citypack.files import Findings
from runtime.citypack.tables import Row
from runtime.citypack.terms import limit_of
from runtime.citypack.words import meaning

_ANYTHING = ("", "*")
_SET = "#"
_MOST_SEND_BACKS = 15


def category_tree(book: Book) -> Tree:
    """大类 over 小类, as rules name them: ``class:01`` over the catalogue's keys.

    A component whose event «<component>异常» is in the catalogue is left out: its cases are dispatched as the event.
    """
    categories = book.catalogue.categories
    events = {(one.standard, one.component) for one in categories.values() if one.kind is Kind.EVENT}
    dispatched = (
        one for one in categories.values() if one.kind is Kind.EVENT or (one.standard, one.code) not in events
    )
    return Tree.build((f"{CLASS}{one.class_code}", one.key) for one in dispatched)


@dataclass(frozen=True)
class RuleRows:
    """Dispatch rules that are well formed, and the address of each by its id."""

    rules: tuple[Rule, ...]
    at: Mapping[str, str]


@dataclass(frozen=True)
class Vocabulary:
    """The names, and what a rulebook is compiled with. ``declared`` are all areas, None if they could not be read.

    ``fallback`` is who has what no rule covers (兜底), an id or ``@kind``, as said at ``fallback_at``.
    """

    book: Book
    units: Units
    declared: frozenset[str] | None
    categories: Tree
    areas: Tree
    plans: Container[str] = ()
    sets: Mapping[str, Sequence[str]] = field(default_factory=dict)
    windows: tuple[Window, ...] = ()
    tags: tuple[KeywordRule, ...] = ()
    land_use: Mapping[str, str] = field(default_factory=dict)
    fallback: str = ""
    fallback_at: str = ""

    def read(self, rows: Iterable[Row]) -> RuleRows:
        """The rules of the rows that are well formed; what is wrong with the others is noted at their lines."""
        rules: list[Rule] = []
        at: dict[str, str] = {}
        for row in rows:
            at.setdefault(row["id"], row.at)
            rule = self._rule(row)
            if rule is not None:
                rules.append(rule)
        return RuleRows(tuple(rules), at)

    def compile(self, version: str, read: RuleRows, findings: Findings) -> Rulebook | None:
        """The rulebook; None, with its faults noted at their lines, if it cannot be used."""
        if self.fallback and self.units.names is not None and self.fallback not in self.units.names:
            findings.fault(self.fallback_at, "unit-unknown", self.fallback)
        try:
            return Rulebook(
                version,
                read.rules,
                self.units.roster,
                self.categories,
                self.areas,
                fallback=self.fallback,
                windows=self.windows,
                land_use=self.land_use,
            )
        except Invalid as error:
            for fault in error.faults:
                # names were checked row by row: what is left are units whose own row is at fault, and ties
                if fault.code == "rule-tie":
                    findings.fault(read.at[fault.pointer.split("/")[1]], fault.code, fault.hint)
            return None

    @cached_property
    def _classes(self) -> frozenset[str]:
        return frozenset(category.class_code for category in self.book.catalogue.categories.values())

    @cached_property
    def _tags(self) -> frozenset[str]:
        return frozenset((*(tag.category for tag in self.tags), *WANTS))

    @cached_property
    def _windows(self) -> frozenset[str]:
        return frozenset(window.name for window in self.windows)

    @cached_property
    def _land_uses(self) -> frozenset[str]:
        return frozenset(self.land_use.values())

    def _rule(self, row: Row) -> Rule | None:
        row.identifier("id")
        lead, assist, optional = row.names("lead"), row.names("assist"), row.names("optional")
        known = None if self.units.names is None else self.units.names | {OWNER, MAINTAINER}
        for names in (lead, assist, optional):
            row.refer(names, known, "unit-unknown")
        for unit in {*lead} & {*assist, *optional}:
            row.fault("lead-assists-itself", unit)
        area = self._spelt_out(row, "area")
        row.refer(sorted(area), self.declared, "area-unknown")
        category, condition = self._categories(row)
        owner, maintainer = _cell(row, "owner"), _cell(row, "maintainer")
        row.refer(sorted(owner | maintainer), self.units.roster.units, "unit-unknown")
        tag, window = _cell(row, "tag"), _cell(row, "window")
        row.refer(sorted(tag), self._tags, "tag-unknown")
        row.refer(sorted(window), self._windows, "window-unknown")
        row.refer([row["plan"]] if row["plan"] else [], self.plans, "plan-unknown")
        valid, exception = row.validity("valid_from", "valid_to"), row.flag("exception")
        if exception and valid.last is None:
            row.fault("exception-endless", "an exception needs valid_to")
        urgency, caller = _words(row, "urgency", Urgency), _words(row, "caller", CallerKind)
        source, land_use = _words(row, "source", Source), _cell(row, "land_use")
        row.refer(sorted(land_use), self._land_uses, "land-use-unknown")
        sent_back, limit = _count(row, "sent_back"), _limit(row)
        if not row.ok:
            return None
        return Rule(
            row["id"], lead, category, area, condition, owner, maintainer, tag, window, urgency, caller, source,
            land_use, sent_back, assist, optional, row["plan"], limit, row["instruction"], row["note"], valid,
            exception,
        )  # fmt: skip

    def _spelt_out(self, row: Row, column: str) -> Names:
        """The names of a cell, each ``#set`` replaced by its members."""
        found: set[str] = set()
        for name in _cell(row, column):
            if not name.startswith(_SET):
                found.add(name)
            elif name.removeprefix(_SET) in self.sets:
                found.update(self.sets[name.removeprefix(_SET)])
            else:
                row.fault("set-unknown", name)
        return frozenset(found)

    def _categories(self, row: Row) -> tuple[Names, Names]:
        """Categories as nodes of the tree, and conditions."""
        book, conditions = self.book, _cell(row, "condition")
        nodes: set[str] = set()
        for name in self._spelt_out(row, "category"):
            if name.startswith(CLASS):
                if book.complete and name.removeprefix(CLASS) not in self._classes:
                    row.fault("class-unknown", name)
                nodes.add(name)
                continue
            category = book.named(row, name)
            if category is None:
                continue
            if category.key not in self.categories:
                row.fault("category-unknown", f"{name}: cases of this component are dispatched as its event")
            nodes.add(category.key)
        row.refer(sorted(conditions - book.unsure), book.condition_ids, "condition-unknown")
        keys = nodes & set(book.catalogue.categories)
        of_these = {one.id for key in keys for one in book.catalogue.conditions.get(key, ())}
        for condition in sorted(conditions - of_these - book.unsure) if keys else ():
            if book.condition_ids is not None and condition in book.condition_ids:
                row.fault("condition-mismatch", f"{condition} is no condition of {row['category']}")
        return frozenset(nodes), conditions


def _cell(row: Row, column: str) -> Names:
    return frozenset() if row[column] in _ANYTHING else frozenset(row.names(column))


def _words(row: Row, column: str, kind: type[Urgency] | type[CallerKind] | type[Source]) -> Names:
    words: set[str] = set()
    for name in _cell(row, column):
        found = meaning(name, kind)
        if found is None:
            row.fault("word-unknown", f"{column}: one of {', '.join(kind)}")
        else:
            words.add(found)
    return frozenset(words)


def _count(row: Row, column: str) -> int:
    text = row[column] or "0"
    if not text.isdecimal() or int(text) > _MOST_SEND_BACKS:
        row.fault("number-invalid", f"{column}: 0 to {_MOST_SEND_BACKS}")
        return 0
    return int(text)


def _limit(row: Row) -> Limit | None:
    try:
        return limit_of(row["limit"]) if row["limit"] else None
    except Invalid as error:
        row.fault(error.code, error.detail)
        return None
