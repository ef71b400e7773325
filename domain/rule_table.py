"""The rulebook (派单目录) as a city's document: drafted by one person, approved by another, in force from a day."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

RulebookId = NewType("RulebookId", UUID)

RuleRow = Mapping[str, str]
"""One rule as it is written: cells by our names of the columns, empty ones left out."""

MAX_RULES = 20_000
MAX_TABLE = 8 * 1024 * 1024
"""What one document takes: rules, and bytes of the file it comes in."""


class RulebookState(StrEnum):
    """草稿, 已批准, 已停用. Of those approved the one with the latest effective day that has come is in force."""

    DRAFT = "draft"
    APPROVED = "approved"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class NewRulebook:
    """A draft as it is handed in. ``version`` is its name and a digest of its rows: ``winter+5d41402a``."""

    id: RulebookId
    name: str
    version: str
    rows: tuple[RuleRow, ...]
    author: str
    effective_from: date
    note: str = ""


@dataclass(frozen=True, slots=True)
class StoredRulebook:
    """A document as it stands in the record; lists leave ``rows`` empty. ``effective_from`` is a local day."""

    id: RulebookId
    name: str
    version: str
    state: RulebookState
    author: str
    created_at: datetime
    effective_from: date
    note: str
    rules: int
    approved_by: str | None = None
    approved_at: datetime | None = None
    retired_by: str | None = None
    retired_at: datetime | None = None
    rows: tuple[RuleRow, ...] = ()


@dataclass(frozen=True, slots=True)
class Remark:
    """Something about a rulebook: the line it is about (``rules.csv:17``), what is wrong, and what to do.

    ``grave``: the rulebook cannot be used with it. ``says`` is for people; it repeats names, never what a caller wrote.
    """

    at: str
    code: str
    title: str
    says: str
    remedy: str
    grave: bool = False
