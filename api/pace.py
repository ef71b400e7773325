"""How long a request would wait for its batch, from how long batches have taken. Pure: times are arguments."""

_FIRST_GUESS = 0.25
_MEMORY = 0.7


class Pace:
    """How fast ``lanes`` carry full batches of ``batch`` items, the last ones counting most.

    Only full batches tell how much can be carried: a small one takes nearly as long as a large one. Until one has been
    seen, a batch is taken for a quarter of a second.
    """

    def __init__(self, lanes: int, batch: int) -> None:
        self._lanes = lanes
        self._batch = batch
        self._seconds = _FIRST_GUESS

    def note(self, items: int, seconds: float) -> None:
        """A batch of so many items has taken so long."""
        if items >= self._batch:
            self._seconds = _MEMORY * self._seconds + (1 - _MEMORY) * seconds

    @property
    def rate(self) -> float:
        """Items a second that the lanes carry."""
        return self._lanes * self._batch / max(self._seconds, 1e-6)

    def room(self, patience: float) -> int:
        """How many may wait where nobody shall wait longer than ``patience`` seconds.

        Who finds a place in the very next batch always may, however slow batches are: it costs the others nothing.
        """
        return max(self._batch, int(self.rate * patience))
