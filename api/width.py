"""How wide a room may stand open, learnt from how long those inside stayed. Pure: times are arguments.

A room sized for a quick machine is too large for a slow hour: what is in it still gets its answer, but too late. So a
room opens by little while it is wanted and answers come in time, and closes while they do not, by more the later they
are. The balance lies where about one answer in six is late.
"""

_OPEN = 0.1
_CLOSE = 0.5
_WORST = 20.0
_START = 0.25
_WANTED = 0.5


class Width:
    """At most ``most`` inside, at least ``least``, and so many that an answer takes about ``seconds``."""

    def __init__(self, most: int, least: int, seconds: float) -> None:
        self._most = most
        self._least = min(least, most)
        self._seconds = seconds
        self._width = max(most * _START, self._least)

    @property
    def now(self) -> int:
        """How many may be inside."""
        return int(self._width)

    def note(self, seconds: float, inside: int) -> None:
        """Somebody has been answered after so long, when so many were inside."""
        late = min(seconds / self._seconds, _WORST)
        if late > 1:
            self._width = max(self._width - _CLOSE * late, self._least)
        elif inside >= self._width * _WANTED:  # a quiet hour says nothing of what a busy one can carry
            self._width = min(self._width + _OPEN, self._most)
