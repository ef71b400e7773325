"""Somebody of the duty roster is away (请假): who, how long, and who stands in."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Absence:
    """Somebody is away from ``since`` to ``until`` (aware, exclusive); ``deputy`` takes the place of the usual one."""

    person: str
    since: datetime
    until: datetime
    deputy: str = ""

    def holds(self, at: datetime) -> bool:
        """Whether the person is away at a moment."""
        return self.since <= at < self.until
