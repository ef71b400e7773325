"""Progress bars: one while the machine is set up, three while the day is played."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from runtime.demo.clock import ExerciseClock
from runtime.demo.dashboard import Dashboard
from runtime.demo.ledger import Ledger

_STEPS = 9


@contextmanager
def setting_up(out: Console) -> Iterator[Callable[[str], None]]:
    """A bar that moves on with every sentence said to it; the sentences stay above it."""
    look = (SpinnerColumn(), TextColumn("setting up"), BarColumn(), TimeElapsedColumn())
    with Progress(*look, console=out, transient=True) as progress:
        bar = progress.add_task("", total=_STEPS)

        def say(sentence: str) -> None:
            progress.console.print(sentence, highlight=False)
            progress.advance(bar)

        yield say


class DayBars:
    """Reports sent of those of the day, cases dispatched of those filed, cases ended of those opened."""

    def __init__(self, out: Console, ledger: Ledger, dashboard: Dashboard, clock: ExerciseClock) -> None:
        look = (
            TextColumn("{task.description:<17}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[at]}"),
        )
        self._progress = Progress(*look, console=out, refresh_per_second=4)
        self._ledger = ledger
        self._dashboard = dashboard
        self._clock = clock
        self._sent, self._dispatched, self._ended = (
            self._progress.add_task(words, total=None, at="")
            for words in ("reports sent", "cases dispatched", "closed")
        )

    @contextmanager
    def shown(self) -> Iterator[None]:
        """On the screen for as long as this lasts."""
        with self._progress:
            yield
            self.look()

    def look(self) -> None:
        """Take the numbers as they are now."""
        ledger, board, bars = self._ledger, self._dashboard, self._progress
        bars.update(self._sent, completed=len(ledger.entries), total=ledger.expected, at=self._clock.reading)
        bars.update(self._dispatched, completed=len(board.dispatched), total=len(board.filed | board.dispatched))
        bars.update(self._ended, completed=board.ended, total=len(board.states))
