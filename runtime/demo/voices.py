"""Those who speak to citizens: the hotline that answers its tickets, and the call-back desk (回访) after closing."""

from collections.abc import AsyncIterator
from functools import partial

from domain.case import ENDED
from runtime.demo.line import Plain
from runtime.demo.person import EVENING, Deed, Intent, Person
from runtime.demo.words import ANSWER, FIRST_CONTACT

CALLED_BACK, PICKS_UP, UNSOLVED, CONTENT = 0.4, 0.85, 0.05, 0.9
"""Shares: of closed hotline cases called back, of citizens who pick up, of those who say that it is not solved, and
of the others those who are satisfied."""

_PAGE = 60


class Hotline(Person):
    """Answers each ticket when its case has ended, and calls those first who have to wait (先行联系)."""

    pause = 1.5

    async def due(self) -> AsyncIterator[Deed]:
        """Go through the callers who have waited longest."""
        page = await self.line.ask("/v1/tickets", limit=_PAGE)
        for ticket in page["items"]:
            if self.ready(f"{ticket['report_id']} {ticket['state']}", lambda: self.intend("look", 30, 70)):
                yield self._speak(ticket)

    async def _speak(self, ticket: Plain) -> None:
        path = f"/v1/tickets/{ticket['report_id']}"
        whole = await self.line.ask(path)
        if whole["cases"] and all(case["state"] in ENDED for case in whole["cases"]):
            await self.act(path, "answer", whole["version"], text=ANSWER)
        elif ticket["state"] == "open":
            await self.act(path, "contact", whole["version"], text=FIRST_CONTACT)
        else:
            self._minds[f"{ticket['report_id']} {ticket['state']}"] = self.intend("look", 10, 30)


class CallBacks(Person):
    """Asks citizens whose case was closed: reached, solved, satisfied. Who says it is not solved opens it again."""

    pause = 1.5

    async def due(self) -> AsyncIterator[Deed]:
        """Go through what was closed lately; in the evening nobody is called."""
        if self.clock.share > EVENING:
            return
        page = await self.line.ask("/v1/cases", state="closed", limit=_PAGE)
        for case in page["items"]:
            intent = self.ready(f"{case['no']} {case['reopened']}", partial(self._think, case))
            if intent and intent.verb:
                yield self.act(f"/v1/cases/{case['no']}", intent.verb, case["version"], **self._heard(case))

    def _think(self, case: Plain) -> Intent:
        called = case["source"] == "hotline" and self.dice.random() < CALLED_BACK
        return self.intend("call-back" if called else "", 2, 10)

    def _heard(self, case: Plain) -> dict[str, bool | None]:
        if self.dice.random() > PICKS_UP:
            return {"contacted": False, "solved": None, "satisfied": None}
        solved = bool(case["reopened"]) or self.dice.random() > UNSOLVED
        return {"contacted": True, "solved": solved, "satisfied": solved and self.dice.random() < CONTENT}
