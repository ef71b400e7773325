"""A progress bar on the terminal for work on a file, measured in the bytes read. Used by the loads and imports."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn


@contextmanager
def progress(out: Console, size: int) -> Iterator[Callable[[int, str], None]]:
    """A bar of ``size`` bytes for as long as the context lasts; what it gives is called with bytes done and a word."""
    columns = (TextColumn("{task.fields[said]}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=out) as bar:
        task = bar.add_task("", total=size or 1, said="")
        yield lambda done, said: bar.update(task, completed=done, said=said)
