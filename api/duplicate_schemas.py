"""What HTTP clients ask and receive about cases that may be one incident."""

from datetime import datetime

from pydantic import BaseModel, Field

from api.schemas import Strict


class AsideIn(Strict):
    """The pair is not one incident; with ``days``, it is only not to be looked at for so long."""

    days: int | None = Field(None, ge=1, le=365, examples=[7])


class GroundOut(BaseModel):
    """One sign of a score: how strong it is (0 to 1), what it adds to the sum, and the fact in words."""

    sign: str = Field(examples=["near"])
    value: float
    share: float
    fact: str = Field(examples=["12 m away"])


class DuplicateOut(BaseModel):
    """A case that may be of the same incident (``same``), or ended and the trouble is back (``rework``)."""

    no: str = Field(examples=["YH-261121-0000123-4"])
    state: str
    kind: str = Field(examples=["same"])
    score: float
    grounds: list[GroundOut]


class DuplicateFound(DuplicateOut):
    """The same with when that case began and ended; ``aside`` of a pair put aside, until a time or (null) for ever."""

    opened_at: datetime
    ended_at: datetime | None
    aside: bool
    aside_until: datetime | None


class SuspectOut(BaseModel):
    """A case with those it may be a duplicate of, as they were found when it came."""

    no: str = Field(examples=["YH-261121-0000124-2"])
    found_at: datetime
    others: list[DuplicateOut]


class SuspectPage(BaseModel):
    """A page of suspects, newest first; ``next`` is the cursor of the following page, null at the end."""

    items: list[SuspectOut]
    next: str | None
