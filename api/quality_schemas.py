"""What HTTP clients are told of first-dispatch accuracy."""

from datetime import datetime

from pydantic import BaseModel, Field


class TallyOut(BaseModel):
    """First dispatches, how many were sent back, and 1 − sent back / dispatched."""

    dispatched: int
    sent_back: int
    accuracy: float = Field(examples=[0.95])


class TroubleOut(TallyOut):
    """One rule, unit, category or area; ``hours_lost`` lie between dispatch and send-back, together."""

    name: str = Field(examples=["road-damage"])
    label: str
    hours_lost: float


class DriftOut(BaseModel):
    """An alarm: this week against the eight before; ``chance`` is that of so bad a week if nothing had changed."""

    name: str
    label: str
    week: TallyOut
    past: TallyOut
    chance: float


class QualityOut(BaseModel):
    """First dispatches since a time, whatever caused most trouble first; ``names`` also counts those left out."""

    by: str
    since: datetime
    total: TallyOut
    names: int
    items: list[TroubleOut]
    drift: list[DriftOut]
