"""``plans.yaml`` of a city pack: emergency plans (预案), each with its trigger, its units and its public warning."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Annotated

from pydantic import Field

from domain.catalogue import Urgency
from domain.place import LEVELS
from domain.plan import Alert, Plan, Share
from domain.task import Part
from runtime.citypack.catalogue import Book
from runtime.citypack.codes import CLASS, key_of
from runtime.citypack.duties import Units
from runtime.citypack.fields import DISTINCT, FILLED, Flag, LevelWord, LimitText, UrgencyWord, word
from runtime.citypack.files import PackFiles
from runtime.citypack.yaml import Document, Section, read_yaml, reader

_FILE = "plans.yaml"

# CAP 1.2 (OASIS Standard, 3.2.2): the code values of an alert's info.
_CATEGORIES = frozenset(
    {"Geo", "Met", "Safety", "Security", "Rescue", "Fire", "Health", "Env", "Transport", "Infra", "CBRNE", "Other"}
)
_URGENCIES = frozenset({"Immediate", "Expected", "Future", "Past", "Unknown"})
_SEVERITIES = frozenset({"Extreme", "Severe", "Moderate", "Minor", "Unknown"})
_CERTAINTIES = frozenset({"Observed", "Likely", "Possible", "Unlikely", "Unknown"})
_HEADLINE = 160  # CAP 1.2 advises it, for small displays

_WORKING = {Part.LEAD, Part.ASSIST}


def _one_of(values: frozenset[str]) -> object:
    known = {value: value for value in values}
    return reader("cap-unknown", f"one of {', '.join(sorted(values))}", known.__getitem__)


Text = Annotated[str, Field(min_length=1, max_length=2000)]


class TriggerBlock(Section):
    """When a plan starts by itself: codes or ``class:NN``, from this urgency on."""

    categories: Annotated[tuple[Text, ...], FILLED]
    urgency: UrgencyWord = Urgency.CRITICAL


class ShareRow(Section):
    """One unit of a plan: an id or ``@kind``."""

    unit: Text
    part: Annotated[Part, word(Part)]
    limit: LimitText
    required: Flag = True


class AlertBlock(Section):
    """``domain.plan.Alert``, in the code values of CAP 1.2."""

    event: Text
    category: Annotated[str, _one_of(_CATEGORIES)]
    urgency: Annotated[str, _one_of(_URGENCIES)]
    severity: Annotated[str, _one_of(_SEVERITIES)]
    certainty: Annotated[str, _one_of(_CERTAINTIES)]
    headline: Annotated[str, Field(min_length=1, max_length=_HEADLINE)]
    instruction: Annotated[str, Field(max_length=2000)] = ""

    def alert(self) -> Alert:
        """What the plan sends out."""
        return Alert(**dict(self))


class PlanRow(Section):
    """One plan."""

    id: Annotated[str, Field(pattern=r"^[^\s/|@*,]+$")]
    name: Annotated[str, Field(min_length=1, max_length=40)]
    triggers: TriggerBlock | None = None
    units: tuple[ShareRow, ...]
    levels: Annotated[tuple[LevelWord, ...], DISTINCT] = ()
    alert: AlertBlock | None = None

    def plan(self, categories: frozenset[str]) -> Plan:
        """The plan; ``categories`` are those of the trigger as the catalogue knows them."""
        shares = tuple(Share(row.unit, row.part, row.limit, row.required) for row in self.units)
        urgency = self.triggers.urgency if self.triggers else Urgency.CRITICAL
        alert = self.alert.alert() if self.alert else None
        return Plan(self.id, self.name, shares, categories, urgency, self.levels, alert)


class PlansFile(Section):
    """What ``plans.yaml`` says."""

    plans: tuple[PlanRow, ...]


Wrong = tuple[tuple[str | int, ...], str, str]


def read_plans(files: PackFiles, book: Book, units: Units) -> tuple[Plan, ...]:
    """The city's plans in the order of the file, none if there is no file; what is wrong is noted.

    Two plans that the same category or class starts at the same urgency are a fault: nothing would say which of them
    a case gets.
    """
    document = read_yaml(files, _FILE, PlansFile) if (files.folder / _FILE).exists() else None
    rows = document.content.plans if document and document.content else ()
    if document is None:
        return ()
    plans: list[Plan] = []
    for i, row in enumerate(rows):
        for path, code, hint in _faults(row, units, [plan.id for plan in plans]):
            files.findings.fault(document.at("plans", i, *path), code, hint)
        plan = row.plan(_categories(files, document, book, i, row))
        for other in plans:
            shared = sorted(plan.categories & other.categories)
            if shared and plan.urgency is other.urgency:
                at = document.at("plans", i, "triggers", "categories")
                files.findings.fault(at, "plan-tie", f"{shared[0]} also starts {other.id}")
        plans.append(plan)
    return tuple(plans)


def _faults(row: PlanRow, units: Units, before: Sequence[str]) -> Iterator[Wrong]:
    if row.id in before:
        yield ("id",), "duplicate-id", row.id
    if sum(share.part is Part.LEAD for share in row.units) != 1:
        yield ("units",), "plan-lead", "exactly one unit is 主办"
    for i, share in enumerate(row.units):
        if share.part not in _WORKING:
            yield ("units", i, "part"), "plan-part", "主办 or 协办"
        if units.names is not None and share.unit not in units.names:
            yield ("units", i, "unit"), "unit-unknown", share.unit
        if share.unit in {other.unit for other in row.units[:i]}:
            yield ("units", i, "unit"), "list-entry-repeated", share.unit
    if any(LEVELS.index(upper) >= LEVELS.index(lower) for lower, upper in pairwise(row.levels)):
        yield ("levels",), "levels-not-rising", "from the lower to the higher, such as 街道, 区, 市"


def _categories(files: PackFiles, document: Document[PlansFile], book: Book, i: int, row: PlanRow) -> frozenset[str]:
    """The trigger's codes as catalogue keys; classes stay as they are."""
    classes = {category.class_code for category in book.catalogue.categories.values()}
    found: set[str] = set()
    for j, code in enumerate(row.triggers.categories if row.triggers else ()):
        at = document.at("plans", i, "triggers", "categories", j)
        key: str | None = code
        if not code.startswith(CLASS):
            key = key_of(files, book, code, at)
        elif book.complete and code.removeprefix(CLASS) not in classes:
            files.findings.fault(at, "class-unknown", code)
        found |= {key} if key else set()
    return frozenset(found)
