"""What HTTP clients send and receive about 12345 tickets."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field

from api.schemas import Linked, Strict
from domain.ticket import Tier


class CallBackIn(Strict):
    """What the caller says when called back (回访): each on its own, null where they could not say."""

    contacted: bool | None = None
    solved: bool | None = None
    satisfied: bool | None = None


class TicketActionIn(Strict):
    """What a verb needs: the text of an answer; a tier and a reason to regrade; three verdicts to call back.

    ``text`` is also the note of a talk, or the caller's own words: kept apart from the history and never published.
    """

    text: str = Field("", max_length=4000, examples=["您反映的路灯已于今日修复，感谢来电。"])
    reason: str = Field("", max_length=500)
    tier: Annotated[Tier, Field(strict=False)] | None = None
    call_back: CallBackIn | None = None


class PromiseOut(BaseModel):
    """A promise to the caller: first contact, or the answer."""

    kind: str
    limit: str = Field(examples=["7 natural_day"])
    set_at: datetime
    due_at: datetime
    state: str
    ended_at: datetime | None


class CallBackOut(BaseModel):
    """A call-back; null where the caller could not say or was not reached."""

    at: datetime
    contacted: bool | None
    solved: bool | None
    satisfied: bool | None


class TicketOut(BaseModel):
    """A ticket as lists show it. ``due_at`` is the earliest date still owed to the caller, be it past."""

    report_id: UUID
    version: int
    state: str
    appeal: str
    tier: str
    overdue: bool
    received_at: datetime
    updated_at: datetime
    due_at: datetime
    ended_at: datetime | None
    reopened: int
    promises: list[PromiseOut]
    call_backs: list[CallBackOut]
    origin: str
    text: str


class AnswerOut(BaseModel):
    """One answer the caller was given, under the version of its step."""

    version: int
    at: datetime
    text: str


class TicketWhole(TicketOut):
    """A ticket with its cases, every answer, and the verbs the caller of the API may use now."""

    address: str
    cases: list[Linked]
    answers: list[AnswerOut]
    verbs: list[str]


class TicketPage(BaseModel):
    """A page of tickets, the earliest date owed first; ``next`` is the cursor of the following page."""

    items: list[TicketOut]
    next: str | None


class TicketStep(BaseModel):
    """One step of a ticket's history; the first has version 2, for version 1 is the report's acceptance."""

    version: int
    type: str
    at: datetime
    actor: dict[str, Any]
    state: str
    tier: str | None
    reason: str
    text: str


class TicketDone(BaseModel):
    """A verb took effect."""

    report_id: UUID
    version: int
