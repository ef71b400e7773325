"""The classifier that workers use: takes a new model without a restart, and goes on with the old one if it is faulty.

The model is read when the first report is judged, so that processes that judge none do not hold it.
"""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from classify.appeals import Appeals
from classify.classifier import Classification, Classifier
from classify.opinion import Adviser
from domain.report import Report
from runtime.citypack import Pack
from runtime.classify.files import load_model
from runtime.watched import WatchedFile


class LiveClassifier:
    """``handlers.ports.What`` for one pack and one model file, which need not be there."""

    def __init__(self, pack: Pack, file: Path | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._pack, self._clock = pack, clock
        self._appeals = Appeals(pack.cues)
        self._rules_alone = Classifier(pack.catalogue, pack.keywords, self._appeals)
        self._file = None if file is None else WatchedFile(file, self._with_model, clock)

    def classify_many(self, reports: Sequence[Report]) -> list[Classification]:
        """One classification a report, in order, all by the same model; without a file the rules judge alone."""
        current = self._file.content() if self._file else None
        return (current or self._rules_alone).classify_many(reports)

    def _with_model(self, file: Path) -> Classifier:
        adviser = Adviser(load_model(file), self._pack.catalogue, self._pack.manner, self._clock)
        return Classifier(self._pack.catalogue, self._pack.keywords, self._appeals, adviser)
