"""Watches a worker's progress, not its pulse: work waits, nothing is committed, nobody says why -> the process ends.

After a broker outage a consumer may heartbeat for ever and read nothing. Only the broker knows: so a thread asks it,
over a connection of its own, and trusts nothing the stalled consumer says. The supervisor starts the worker anew.
"""

import logging
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence

from domain.errors import Unavailable
from streams.offsets import Clerk, Place, Standing

log = logging.getLogger(__name__)

EXIT_STALLED = 75
"""The worker was ended because it made no progress. Starting it again is the cure."""


class Progress:
    """What was last seen of each partition, and for how long it has not moved. Time is an argument, in seconds."""

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._since: dict[Place, tuple[int, float]] = {}

    def stalled(self, at: float, standings: Mapping[Place, Standing], excused_until: float) -> list[Place]:
        """Partitions with lag that have not moved for longer than the patience, counted from the latest excuse."""
        for place, standing in standings.items():
            known = self._since.get(place)
            if known is None or known[0] != standing.next or standing.lag == 0:
                self._since[place] = (standing.next, at)
        self._since = {place: seen for place, seen in self._since.items() if place in standings}
        return [place for place, (_, since) in self._since.items() if at - max(since, excused_until) > self._patience]

    def forget(self) -> None:
        """Begin anew: what was not observed is not held against anybody."""
        self._since.clear()


class Watchdog:
    """A daemon thread beside one worker. ``patience`` must exceed the longest honest batch and rebalance."""

    def __init__(
        self,
        bootstrap: str,
        group: str,
        topics: Sequence[str],
        client_id: str,
        *,
        excused_until: Callable[[], float],
        patience: float = 60.0,
        every: float = 5.0,
        end: Callable[[str], None] | None = None,
        observe: Callable[[Mapping[Place, Standing]], None] = lambda _: None,
    ) -> None:
        """``excused_until`` gives the monotonic time to which the worker waits in honesty, like ``Door.excused_until``.

        ``end`` is called once with the reason, by default it ends the process with ``EXIT_STALLED``. ``observe`` is
        told what was seen of every partition, for figures.
        """
        self._bootstrap = bootstrap
        self._group = group
        self._topics = list(topics)
        self._client_id = client_id
        self._excused_until = excused_until
        self._every = every
        self._progress = Progress(patience)
        self._end = end or end_process
        self._observe = observe
        self._clerk: Clerk | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name=f"watchdog-{group}", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop(self) -> None:
        """Watch no longer; returns when the thread is done or busy with a broker that does not answer."""
        self._stop.set()
        self._thread.join(timeout=self._every)

    def _watch(self) -> None:
        looked = time.monotonic()
        while not self._stop.wait(self._every):
            now = time.monotonic()
            if now - looked > 3 * self._every:
                self._progress.forget()  # this process itself was frozen, and so was the worker
            looked = now
            stalled = self._look(now)
            if stalled:
                self._stop.set()
                self._end(f"no progress of group {self._group} in {', '.join(f'{t}[{p}]' for t, p in stalled)}")
        self._hang_up()

    def _look(self, now: float) -> list[Place]:
        """What has stalled. A broker that does not answer is no evidence against the worker."""
        try:
            if self._clerk is None:
                self._clerk = Clerk(self._bootstrap, timeout=self._every)
            standings = self._clerk.standings(self._group, self._topics)
            owners = self._clerk.owners(self._group)
            self._observe(standings)
        except Exception as error:  # a watchdog must not die in silence, nor bite for what it did not see
            level = logging.INFO if isinstance(error, Unavailable) else logging.ERROR
            log.log(level, "watchdog of %s sees nothing: %s", self._group, error)
            self._progress.forget()
            self._hang_up()
            return []
        # A partition nobody owns is ours to answer for too: a consumer that fell out of its group owns none.
        answerable = {
            place: standing
            for place, standing in standings.items()
            if owners.get(place, self._client_id) == self._client_id
        }
        return self._progress.stalled(now, answerable, self._excused_until())

    def _hang_up(self) -> None:
        if self._clerk is not None:
            self._clerk.close()
            self._clerk = None


def end_process(reason: str) -> None:
    """End this process at once; what was unfinished is not committed and comes again."""
    log.critical("%s; the worker ends itself to be started anew", reason)
    logging.shutdown()
    os._exit(EXIT_STALLED)
