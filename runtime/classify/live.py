"""The classifier that workers use: takes a new model without a restart, and goes on with the old one if it is faulty.

The model is read when the first report is judged, so that processes that judge none do not hold it.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from classify.appeals import Appeals
from classify.classifier import Classification, Classifier
from classify.opinion import Adviser
from domain.errors import Invalid
from domain.report import Report
from runtime.citypack import Pack
from runtime.classify.files import load_model

log = logging.getLogger(__name__)

_LOOK_EVERY = 5.0
"""Seconds between two looks at the file."""

Stamp = tuple[int, int, int] | None


class LiveClassifier:
    """``handlers.ports.What`` for one pack and one model file, which need not be there."""

    def __init__(self, pack: Pack, file: Path | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._pack, self._file, self._clock = pack, file, clock
        self._appeals = Appeals(pack.cues)
        self._current = Classifier(pack.catalogue, pack.keywords, self._appeals)
        self._stamp: Stamp = None
        self._looked: float | None = None
        self._loading: threading.Thread | None = None

    def classify_many(self, reports: Sequence[Report]) -> list[Classification]:
        """One classification a report, in order, all by the same model."""
        self._look()
        return self._current.classify_many(reports)

    def _look(self) -> None:
        """Take up a file that has changed: the first at once, a later one beside the work."""
        now = self._clock()
        if self._looked is not None and now - self._looked < _LOOK_EVERY:
            return
        first, self._looked = self._looked is None, now
        stamp = _stamp(self._file)
        if stamp == self._stamp or (self._loading is not None and self._loading.is_alive()):
            return
        self._stamp = stamp
        if first or stamp is None:
            self._take()
            return
        self._loading = threading.Thread(target=self._take, name="classify-model", daemon=True)
        self._loading.start()

    def _take(self) -> None:
        """Put the file's model in place; without a file the rules judge alone, with a faulty one the model before."""
        adviser = None
        if self._file is not None and self._stamp is not None:
            try:
                model = load_model(self._file)
            except Invalid as error:
                log.warning("the model stays as it is: %s", error)
                return
            adviser = Adviser(model, self._pack.catalogue, self._pack.manner, self._clock)
        # one assignment: a batch in work keeps the classifier it began with
        self._current = Classifier(self._pack.catalogue, self._pack.keywords, self._appeals, adviser)
        log.info("texts are judged by %s", adviser.id if adviser else "the rules alone")


def _stamp(file: Path | None) -> Stamp:
    if file is None:
        return None
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
