"""The recommender that workers ask: takes a new model without a restart, and says nothing while there is none."""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from dispatch.facts import Facts
from dispatch.recommender import Advice
from dispatch.roster import Roster
from runtime.dispatch.recommender_files import load_recommender
from runtime.watched import WatchedFile

_NOTHING = Advice()


class LiveRecommender:
    """``dispatch.recommender.Recommends`` for one roster and one file, which need not be there."""

    def __init__(self, roster: Roster, file: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._file = WatchedFile(file, partial(load_recommender, roster=roster), clock)

    def advise(self, facts: Facts) -> Advice:
        """What the model in the file says; nothing without one."""
        model = self._file.content()
        return model.advise(facts) if model is not None else _NOTHING
