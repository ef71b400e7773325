"""First-dispatch accuracy (首次派单准确率): of the first dispatches, the share that no unit sent back."""

from dataclasses import dataclass
from datetime import timedelta

WEEK = timedelta(days=7)
PAST = timedelta(weeks=8)
"""How much of the time before the week the week is compared with."""


@dataclass(frozen=True, slots=True)
class Tally:
    """First dispatches, and how many of them were sent back."""

    dispatched: int
    sent_back: int

    @property
    def accuracy(self) -> float:
        """1 − sent back / dispatched; 1 where nothing was dispatched."""
        return 1 - self.sent_back / self.dispatched if self.dispatched else 1.0
