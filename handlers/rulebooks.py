"""Rulebooks come and go: drafted, checked, approved by another person, in force from a day, retired; and tried out."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Literal, Protocol

from dispatch.engine import Engine
from dispatch.simulate import Past, Simulation
from domain.case import Case
from domain.errors import Fault, Invalid, NotFound, Refused
from domain.rule_table import NewRulebook, Remark, RulebookId, RulebookState, RuleRow, StoredRulebook
from handlers.ports import Office

_LONGEST = timedelta(days=366)


class Rules(Protocol):
    """Adviser for rulebooks as documents, with the words of one city pack. All methods block: call them in threads."""

    def read(self, file: Path) -> tuple[RuleRow, ...]:
        """The rows of a CSV or XLSX file. Raises ``Invalid`` for what cannot be read as a table of rules."""

    def rows(self, objects: Sequence[Mapping[str, str]]) -> tuple[RuleRow, ...]:
        """The rows of plain objects. Raises ``Invalid`` for columns that are none."""

    def written(self, rows: Sequence[RuleRow], form: Literal["csv", "xlsx"]) -> bytes:
        """The table as a file with Chinese headers."""

    def version(self, name: str, rows: Sequence[RuleRow]) -> str:
        """A name with a digest of the rows."""

    def check(self, rows: Sequence[RuleRow], day: date) -> tuple[Remark, ...]:
        """Everything that is wrong with a rulebook on a day."""

    def engine(self, version: str, rows: Sequence[RuleRow]) -> Engine:
        """Who judges by these rows. Raises ``Invalid`` with code ``rulebook-invalid``."""


class Judging(Protocol):
    """What this process judges by now."""

    @property
    def engine(self) -> Engine:
        """The engine of the rulebook in force."""

    @property
    def rows(self) -> tuple[RuleRow, ...]:
        """Its rows as they are written."""


@dataclass(frozen=True, slots=True)
class RulebookDesk:
    """What handlers of rulebooks need."""

    office: Office
    rules: Rules
    judging: Judging

    @property
    def zone(self) -> tzinfo:
        """The city's time zone: by it days begin."""
        return self.office.advisers.policy.calendar.zone


@dataclass(frozen=True, slots=True)
class Draft:
    """A rulebook as somebody hands it in. ``effective_from`` is a local day."""

    author: str
    name: str
    rows: tuple[RuleRow, ...]
    effective_from: date
    note: str = ""


async def draft(desk: RulebookDesk, sent: Draft) -> StoredRulebook:
    """Keep a draft, with whatever faults it has: the check tells them, and none is approved with one.

    Raises ``Refused`` with code ``rulebook-known`` if the same rows came under the same name before.
    """
    if not sent.rows:
        raise Invalid("rulebook-empty", "派单目录没有规则", "one row at least")
    version = desk.rules.version(sent.name, sent.rows)
    new = RulebookId(desk.office.new_id())
    async with desk.office.store.unit() as unit:
        kept = await unit.rulebooks.draft(
            NewRulebook(new, sent.name, version, sent.rows, sent.author, sent.effective_from, sent.note)
        )
        found = await unit.rulebooks.locked(new) if kept else None
    if found is None:
        raise Refused("rulebook-known", "该版本已存在", f"{version} was handed in before")
    return found


async def checked(desk: RulebookDesk, book: StoredRulebook) -> tuple[Remark, ...]:
    """What is wrong with a rulebook on the day it is to begin, or today if that is past."""
    async with desk.office.store.unit() as unit:
        today = unit.at.astimezone(desk.zone).date()
    return await asyncio.to_thread(desk.rules.check, book.rows, max(book.effective_from, today))


async def approve(desk: RulebookDesk, wanted: RulebookId, by: str) -> StoredRulebook:
    """Approve a draft. It is in force from its day on, but never in the past: from today if that is over.

    Raises ``NotFound``; ``Refused``: ``rulebook-not-draft``, or ``four-eyes`` for its author; ``Invalid`` with code
    ``rulebook-invalid`` and every fault that keeps it from being used.
    """
    async with desk.office.store.unit() as unit:
        book = _approvable(await unit.rulebooks.locked(wanted), by)
        first = max(book.effective_from, unit.at.astimezone(desk.zone).date())
        faults = tuple(
            Fault(one.at, one.code, one.says)
            for one in await asyncio.to_thread(desk.rules.check, book.rows, first)
            if one.grave
        )
        if faults:
            raise Invalid("rulebook-invalid", "派单目录有误", f"{len(faults)} faults", faults)
        await unit.rulebooks.approve(wanted, by, first)
        return _there(await unit.rulebooks.locked(wanted))


async def retire(desk: RulebookDesk, wanted: RulebookId, by: str) -> StoredRulebook:
    """Put away a draft, or take an approved one out of use: the one before it is in force again, or the pack's.

    Raises ``NotFound``, ``Refused`` with code ``rulebook-retired``.
    """
    async with desk.office.store.unit() as unit:
        book = _there(await unit.rulebooks.locked(wanted))
        if book.state is RulebookState.RETIRED:
            raise Refused("rulebook-retired", "派单目录已停用", "it is out of use already")
        await unit.rulebooks.retire(wanted, by)
        return _there(await unit.rulebooks.locked(wanted))


async def simulate(desk: RulebookDesk, after: Engine, since: datetime, most: int) -> Simulation:
    """Replay the newest ``most`` cases reported since a time under the rulebook in force and another; writes nothing.

    Raises ``Invalid`` with code ``since-invalid`` for a time more than a year ago or in the future.
    """
    async with desk.office.store.unit() as unit:
        now = unit.at
    if not now - _LONGEST <= since < now:
        raise Invalid("since-invalid", "起始时间有误", "name a `since` within the last year")
    before, found = desk.judging.engine, Simulation()
    async for batch in desk.office.store.filed_since(since, most):
        surroundings = desk.office.advisers.surroundings
        past = [
            Past.of(case, surroundings.facts_at_first(case, _first_dispatch(case), batch.assets.get(case.component)))
            for case in batch.cases
            if case.plan is None or case.verdict is not None  # a plan that began by itself asked no rulebook
        ]
        await asyncio.to_thread(found.replay, past, before, after)
    return found


def _first_dispatch(case: Case) -> datetime:
    return case.dispatched_at or case.filed_at or case.opened_at


def _there(book: StoredRulebook | None) -> StoredRulebook:
    if book is None:
        raise NotFound("rulebook")
    return book


def _approvable(found: StoredRulebook | None, by: str) -> StoredRulebook:
    book = _there(found)
    if book.state is not RulebookState.DRAFT:
        raise Refused("rulebook-not-draft", "派单目录不是草稿", f"it is {book.state}")
    if book.author == by:
        raise Refused("four-eyes", "须由他人审批", "whoever drafted it cannot approve it")
    return book
