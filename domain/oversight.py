"""What stands over a case without moving it: 督办 (supervision with a reply owed), and 回访 with its three verdicts."""

from dataclasses import dataclass
from datetime import datetime

from domain.actor import Actor
from domain.ids import ReportId


@dataclass(frozen=True, slots=True)
class Supervision:
    """A 督办. ``level`` counts from 1 (the higher, the more serious); with ``reply_due`` the unit owes an answer."""

    no: int
    level: int
    by: Actor
    at: datetime
    reason: str
    reply_due: bool = False
    reply: str = ""
    replied_by: Actor | None = None
    replied_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CallBack:
    """A 回访: was the caller contacted, is it solved, are they satisfied; None where they could not say.

    The three are kept apart from each other and from what the unit says of its own work (国办函〔2025〕66号).
    """

    by: Actor
    at: datetime
    contacted: bool | None
    solved: bool | None
    satisfied: bool | None
    report: ReportId | None = None
    note: str = ""
