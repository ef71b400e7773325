"""What HTTP clients send and are told of rulebooks, and of what the one in force would say."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field

from api.schemas import Code, Strict
from dispatch.simulate import Simulation
from domain.catalogue import Urgency
from domain.report import CallerKind, Source
from domain.rule_table import MAX_RULES, StoredRulebook

NAME = r"^[0-9A-Za-z][0-9A-Za-z._-]{0,31}$"


class RulebookIn(Strict):
    """A draft whose rules come as objects: cells under their columns' names, English or Chinese."""

    name: str = Field(pattern=NAME, examples=["winter"])
    effective_from: Annotated[date, Field(strict=False)] = Field(examples=["2026-12-01"])
    note: str = Field("", max_length=400)
    rules: list[dict[Annotated[str, Field(max_length=64)], Annotated[str, Field(max_length=4000)]]] = Field(
        min_length=1,
        max_length=MAX_RULES,
        examples=[[{"规则编号": "snow", "类别代码": "10001", "主办单位": "sanitation"}]],
    )


class RulebookOut(BaseModel):
    """A rulebook as a document. ``version`` is its name and a digest of its rows."""

    id: UUID
    name: str = Field(examples=["winter"])
    version: str = Field(examples=["winter+5d41402a"])
    state: str = Field(examples=["draft"])
    author: str
    created_at: datetime
    effective_from: date
    note: str
    rules: int
    approved_by: str | None
    approved_at: datetime | None
    retired_by: str | None
    retired_at: datetime | None


class RulebookPage(BaseModel):
    """A page, newest first; ``next`` is its cursor. ``in_force`` is the version this process judges by."""

    in_force: str = Field(examples=["2026.1+05cf8484/winter+5d41402a"])
    items: list[RulebookOut]
    next: str | None


class RemarkOut(BaseModel):
    """Something about a rulebook. ``at`` is the line in its table; ``grave``: it cannot be used with it."""

    at: str = Field(examples=["rules.csv:17"])
    code: str = Field(examples=["rule-dead"])
    title: str
    says: str
    remedy: str
    grave: bool


class CheckOut(BaseModel):
    """What a check found; ``usable``: nothing grave."""

    usable: bool
    remarks: list[RemarkOut]


class LoadOut(BaseModel):
    """Cases of one unit, under the rulebook in force and the other; null stands for the duty desk."""

    unit: str | None
    leads_before: int
    leads_after: int
    assists_before: int
    assists_after: int


class MoveOut(BaseModel):
    """So many cases would go from one unit to another (null: the duty desk), by these rules."""

    before: str | None
    after: str | None
    rule_before: str
    rule_after: str
    cases: int


class ChangeOut(BaseModel):
    """One case that would go elsewhere."""

    no: str
    before: str | None
    after: str | None
    rule_before: str
    rule_after: str


class SimulationOut(BaseModel):
    """Stored cases replayed under both rulebooks; nothing was written.

    Of the ``send_backs`` that happened ``avoided`` would not have, since the case goes at once to the unit that kept
    it; ``repeated`` belong to cases that would go to a unit which sent them back.
    """

    cases: int
    changed: int
    send_backs: int
    avoided: int
    repeated: int
    load: list[LoadOut]
    moves: list[MoveOut]
    changes: list[ChangeOut]


class DispatchQuestion(Strict):
    """A case that might be; what is left out is not known. Without ``at`` it is now."""

    category: Code | None = Field(None, examples=["01002"])
    area: Code | None = Field(None, examples=["439901001"])
    condition: Code | None = None
    urgency: Annotated[Urgency, Field(strict=False)] = Urgency.NORMAL
    source: Annotated[Source, Field(strict=False)] = Source.HOTLINE
    caller: Annotated[CallerKind, Field(strict=False)] | None = None
    owner: Code | None = None
    maintainer: Code | None = None
    tags: list[Code] = Field([], max_length=20)
    sent_back: int = Field(0, ge=0, le=15)
    at: Annotated[datetime, Field(strict=False)] | None = None


class VerdictOut(BaseModel):
    """Who would act, and why. ``passed_over`` are the runners-up, ``changes`` what would have changed the outcome.

    ``choice`` are the units the rule leaves a choice between, ``lead`` then the first of them: who of them leads is
    settled at dispatch, by who is on duty, how much each has to do, and how near it is.
    """

    lead: str | None
    lead_name: str | None
    choice: list[str]
    assist: list[str]
    rule: str
    rulebook: str
    reason: str
    passed_over: list[str]
    changes: list[str]


def shown(book: StoredRulebook) -> dict[str, Any]:
    """A rulebook (``RulebookOut``)."""
    return {name: getattr(book, name) for name in RulebookOut.model_fields}


def simulated(found: Simulation, most: int = 200) -> dict[str, Any]:
    """A simulation (``SimulationOut``), at most so many moves and changes."""
    load, assisting = found.load, found.assisting
    return {
        "cases": found.cases,
        "changed": found.changed,
        "send_backs": found.send_backs,
        "avoided": found.avoided,
        "repeated": found.repeated,
        "load": [
            {
                "unit": unit or None,
                "leads_before": load["before"][unit],
                "leads_after": load["after"][unit],
                "assists_before": assisting["before"][unit],
                "assists_after": assisting["after"][unit],
            }
            for unit in found.units()
        ],
        "moves": [
            {"before": old or None, "after": new or None, "rule_before": by, "rule_after": then, "cases": cases}
            for (old, new, by, then), cases in found.moves.most_common(most)
        ],
        "changes": [
            {
                "no": one.no,
                "before": one.before or None,
                "after": one.after or None,
                "rule_before": one.rule_before,
                "rule_after": one.rule_after,
            }
            for one in found.changes[:most]
        ],
    }
