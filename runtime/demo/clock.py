"""The exercise's clock: the day runs as many times faster as the limits do, so that people and deadlines agree."""

import time

_BEGINS = 7 * 60


class ExerciseClock:
    """City minutes since 07:00. ``pace`` is how many times faster than real time the day runs."""

    def __init__(self, pace: float, seconds: float) -> None:
        self.pace = pace
        self.seconds = seconds
        self._start = time.monotonic()

    @property
    def elapsed(self) -> float:
        """Real seconds since the day began."""
        return time.monotonic() - self._start

    @property
    def minutes(self) -> float:
        """City minutes since the day began."""
        return self.elapsed * self.pace / 60

    @property
    def share(self) -> float:
        """How much of the day's reporting is over: 0 at the start, 1 or more when the last report is out."""
        return self.elapsed / self.seconds

    @property
    def reading(self) -> str:
        """The time of day on the city's clocks."""
        now = int(_BEGINS + self.minutes)
        return f"{now // 60 % 24:02d}:{now % 60:02d}"

    def real(self, minutes: float) -> float:
        """Real seconds that so many city minutes take."""
        return minutes * 60 / self.pace
