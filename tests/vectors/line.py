"""What became of the vectors of one way in: a line of the table."""

from dataclasses import dataclass, field

from domain.ids import ReportId
from tests.vectors.judge import Answer


@dataclass(slots=True)
class Line:
    """What became of an intake's vectors."""

    sent: int = 0
    wrong: dict[str, list[str]] = field(default_factory=dict)
    broken: int = 0
    unlisted: int = 0
    largest: int = 0
    reports: list[ReportId] = field(default_factory=list)

    def take(self, name: str, answer: Answer, found: list[str]) -> None:
        """Add one answer."""
        self.sent += 1
        self.broken += answer.status >= 500
        self.unlisted += any("in no list" in each for each in found)
        if answer.status >= 400:
            self.largest = max(self.largest, len(answer.content))
        if found:
            self.wrong[name] = found
