"""A file that is taken up when it changes, without a restart; a faulty one leaves what was read before."""

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from domain.errors import Invalid

T = TypeVar("T")

log = logging.getLogger(__name__)

_LOOK_EVERY = 5.0
"""Seconds between two looks at the file."""

Stamp = tuple[int, int, int] | None


class WatchedFile(Generic[T]):
    """What ``read`` makes of a file, which need not be there; it raises ``Invalid`` for a faulty one.

    The first look reads at once, a later one beside the work. ``clock`` counts seconds.
    """

    def __init__(self, file: Path, read: Callable[[Path], T], clock: Callable[[], float] = time.monotonic) -> None:
        self._file, self._read, self._clock = file, read, clock
        self._content: T | None = None
        self._stamp: Stamp = None
        self._looked: float | None = None
        self._loading: threading.Thread | None = None

    def content(self) -> T | None:
        """What was read last; None while there is no file."""
        now = self._clock()
        if self._looked is None or now - self._looked >= _LOOK_EVERY:
            first, self._looked = self._looked is None, now
            self._look(first)
        return self._content

    def _look(self, first: bool) -> None:
        stamp = _stamp(self._file)
        if stamp == self._stamp or (self._loading is not None and self._loading.is_alive()):
            return
        self._stamp = stamp
        if stamp is None:
            self._content = None
        elif first:
            self._take()
        else:
            self._loading = threading.Thread(target=self._take, name=f"read-{self._file.name}", daemon=True)
            self._loading.start()

    def _take(self) -> None:
        try:
            self._content = self._read(self._file)
        except Invalid as error:
            log.warning("what was read of %s before stays in use: %s", self._file.name, error)
        else:
            log.info("%s is in use", self._file.name)


def _stamp(file: Path) -> Stamp:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
