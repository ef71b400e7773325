"""When unexpected errors stop being accidents. Used by streams.door."""

from collections import deque


class Tripwire:
    """Watches the last ``window`` items: trips at ``least`` unexpected errors that are more than ``share`` of them."""

    def __init__(self, window: int = 200, share: float = 0.2, least: int = 20) -> None:
        self._recent: deque[bool] = deque(maxlen=window)
        self._share = share
        self._least = least

    def trips(self, unexpected: int, other: int) -> bool:
        """Note a batch's counts; whether the limit is passed now."""
        # The errors last: in a batch longer than the window they must not be pushed out by what went well.
        self._recent.extend([False] * other + [True] * unexpected)
        errors = sum(self._recent)
        return errors >= self._least and errors > self._share * len(self._recent)
