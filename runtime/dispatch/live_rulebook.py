"""Who judges in a running process: by the rulebook in force, taken up beside the work and put in place at once.

A rulebook that cannot be compiled with the pack never takes effect; the one before goes on, and the log says so.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

from dispatch.engine import Engine
from dispatch.facts import Facts
from domain.case import Verdict
from domain.errors import Invalid, Unavailable
from domain.rule_table import RulebookId, RuleRow
from runtime.citypack import Pack
from runtime.dispatch.city_rules import CityRules
from store.pool import Pool
from store.rulebooks import in_force

log = logging.getLogger(__name__)

LOOK_EVERY = 5.0
"""Seconds between two looks at which rulebook is in force."""


class LiveRules:
    """``handlers.ports.Who`` and ``handlers.rulebooks.Judging``; the pack's rulebook until another is in force."""

    def __init__(self, pack: Pack) -> None:
        self._pack = pack
        self._rules = CityRules(pack)
        self._of_pack = Engine(pack.rulebook)
        self._current = self._of_pack, pack.rule_rows
        self._known: RulebookId | None = None

    @property
    def engine(self) -> Engine:
        """Who judges now."""
        return self._current[0]

    @property
    def rows(self) -> tuple[RuleRow, ...]:
        """The rules in force as they are written."""
        return self._current[1]

    def choose_many(self, facts: Sequence[Facts]) -> list[Verdict]:
        """One verdict for each, in order, all by the same rulebook."""
        return self.engine.choose_many(facts)

    async def look(self, pool: Pool) -> None:
        """Take up the rulebook that is in force now. Raises ``Unavailable`` when the database is away."""
        found = await in_force(pool, str(self._pack.policy.calendar.zone), self._known)
        if found is None:
            if self._known is not None:
                self._known, self._current = None, (self._of_pack, self._pack.rule_rows)
                log.info("cases are dispatched by the pack's rulebook %s", self._of_pack.rulebook.version)
            return
        if found.rows is None:
            return
        self._known = found.id  # a faulty one is not tried again and again
        try:
            engine = await asyncio.to_thread(self._rules.engine, found.version, found.rows)
        except Invalid as error:
            log.error("rulebook %s cannot be used, the one before goes on: %s", found.version, error)
            return
        # one assignment: a batch in work keeps the engine it began with
        self._current = engine, found.rows
        log.info("cases are dispatched by rulebook %s", engine.rulebook.version)


@asynccontextmanager
async def following(rules: LiveRules, pool: Pool, every: float = LOOK_EVERY) -> AsyncIterator[None]:
    """Inside, ``rules`` follow what is in force: known at the start, looked at again every so many seconds."""
    await rules.look(pool)
    task = asyncio.create_task(_follow(rules, pool, every))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _follow(rules: LiveRules, pool: Pool, every: float) -> None:
    while True:
        await asyncio.sleep(every)
        try:
            await rules.look(pool)
        except Unavailable as error:
            log.warning("the rulebook stays as it is: %s", error)
