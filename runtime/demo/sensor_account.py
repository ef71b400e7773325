"""The sensors' own account in the evening: every reading kept once, every incident told to the city once."""

from dataclasses import dataclass

from runtime.demo.account import Account, place
from runtime.demo.line import Line
from runtime.demo.sensors import Picture
from store.views import SensorTally


@dataclass(frozen=True, slots=True)
class SensorAccount:
    """What the sensors ``sent`` against the record; ``reports`` says where the reports of their incidents are."""

    sent: int
    tally: SensorTally
    reports: Account
    picture: Picture

    @property
    def lost(self) -> int:
        """Readings the broker had taken and that are nowhere; below 0: kept more often than they were sent."""
        return self.sent - self.tally.kept - self.tally.unknown

    @property
    def untold(self) -> int:
        """Incidents without a first report."""
        return self.tally.incidents - self.tally.reported

    @property
    def balanced(self) -> bool:
        """Whether every reading and every incident is accounted for, once."""
        told = self.tally.noted == self.tally.recovered and self.reports.balanced
        return self.lost == self.untold == 0 and told


async def account_of(sent: int, tally: SensorTally, picture: Picture, desk: Line) -> SensorAccount:
    """The account; where each report stands is asked of the API."""
    number = len(tally.reports)
    reports = Account(expected=number, sent=number, received=number)
    for report in tally.reports:
        place(reports, None, (await desk.ask(f"/v1/reports/{report}"))["cases"])
    return SensorAccount(sent, tally, reports, picture)
