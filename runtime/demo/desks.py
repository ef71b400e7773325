"""The desks of the demo city's operation centre: intake, dispatch, the check of finished work, and 督查."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from random import Random

from runtime.demo.clock import ExerciseClock
from runtime.demo.line import Line, Plain
from runtime.demo.person import Deed, Intent, Person
from runtime.demo.words import DENIED, LINE_TEST, NOT_DONE, VAGUE, CallBack

BADLY_DONE, NOBODY_HOME, GENEROUS = 0.06, 0.25, 0.75
"""Shares of work that fails the first check, of call-backs nobody picks up, of petitions the dispatcher grants."""

MERGES, SUPERVISIONS = 2, 3
"""How many duplicates the desk finds in a day, and on how many late cases the supervisor asks for a reply."""


class Desk(Person):
    """The intake desk: calls back where words or place left a doubt; files, refuses, or tries again tomorrow.

    Now and then it sees that two cases under way are one incident, and merges them (并单).
    """

    pause = 0.5
    _LOOKS_EVERY = 20.0

    def __init__(
        self, line: Line, clock: ExerciseClock, dice: Random, deeds: Counter[str], communities: Sequence[str]
    ) -> None:
        """``communities`` are the area codes a citizen may name when asked where."""
        super().__init__(line, clock, dice, deeds)
        self._communities = communities
        self._merged = 0
        self._looked = 0.0
        self.put_aside: set[str] = set()
        """Cases whose citizen did not pick up: they wait for another day."""

    async def due(self) -> AsyncIterator[Deed]:
        """Go through what awaits the desk."""
        async for case in self.line.pages("/v1/cases", state="reported"):
            if case["no"] not in self.put_aside and self.ready(case["no"], lambda: self.intend("call back", 1, 5)):
                yield self._settle(case["no"])
        if self._merged < MERGES and self.clock.minutes - self._looked > self._LOOKS_EVERY:
            self._looked = self.clock.minutes
            yield self._merge()

    async def _settle(self, no: str) -> None:
        path = f"/v1/cases/{no}"
        case = await self.line.ask(path)
        heard = self._call_back(case)
        if not heard.reached:
            self.put_aside.add(no)
        elif heard.refusal:
            await self.act(path, "refuse", case["version"], reason=heard.refusal)
        else:
            await self.act(path, "file", case["version"], category=heard.category or "", area=self._area(case))

    def _call_back(self, case: Plain) -> CallBack:
        if case["category"]:
            return CallBack(case["category"]["code"])
        heard = next((VAGUE[report["text"]] for report in case["reports"] if report["text"] in VAGUE), CallBack())
        return CallBack() if heard is not LINE_TEST and self.dice.random() < NOBODY_HOME else heard

    def _area(self, case: Plain) -> str:
        known = case["areas"]
        code: str = known[-1]["code"] if len(known) > 2 else self.dice.choice(self._communities)
        return code

    async def _merge(self) -> None:
        """Merge the younger of two cases of one category in one community into the elder, and tell why."""
        elder: dict[tuple[str, str], Plain] = {}
        waiting = [case async for case in self.line.pages("/v1/cases", state="pending_disposal")]
        for case in reversed(waiting):
            if not case["category"] or len(case["areas"]) < 4:
                continue
            other = elder.setdefault((case["category"]["code"], case["areas"][3]["code"]), case)
            if other is not case:
                said = {"into": other["no"], "reason": "回电核实，两件诉求所述为同一事件"}
                self._merged += await self.act(f"/v1/cases/{case['no']}", "merge", case["version"], **said)
                return


class Dispatcher(Person):
    """Sends on what no rule covers, and answers what departments ask for."""

    pause = 0.5
    _BOOK: Mapping[str, str] = {"05002": "housing", "05003": "market", "05009": "enforcement"}
    _ELSE = "duty-desk"

    def __init__(self, line: Line, clock: ExerciseClock, dice: Random, deeds: Counter[str]) -> None:
        super().__init__(line, clock, dice, deeds)
        self.sent: set[str] = set()
        """Numbers of the cases sent on by hand."""

    async def due(self) -> AsyncIterator[Deed]:
        """Go through what waits for a department, and what departments wait for."""
        async for case in self.line.pages("/v1/cases", state="pending_dispatch"):
            matter = f"{case['no']} {case['send_backs']} {case['reopened']}"
            if self.ready(matter, lambda: self.intend("dispatch", 1, 5)):
                yield self._send_on(case)
        async for case in self.line.pages("/v1/cases", petitioned="true"):
            for petition in case["petitions"]:
                if petition["state"] == "asked" and (answer := self.ready(petition["id"], self._think)):
                    yield self._answer(case, petition, answer.verb)

    def _think(self) -> Intent:
        return self.intend("grant" if self.dice.random() < GENEROUS else "deny", 2, 6)

    async def _answer(self, case: Plain, petition: Plain, verb: str) -> None:
        # a limit that is over cannot be extended, and nobody waits for a date that is past
        dates = [d["due_at"] for d in case["deadlines"] if (d["clock"], d["ended_at"]) == ("disposal", None)]
        if petition["matter"] == "suspension":
            verb, dates = "grant", [petition["until"]]
        late = any(datetime.fromisoformat(date) <= datetime.now(UTC) for date in dates)
        said = {"reason": DENIED} if late or verb == "deny" else {"note": "情况属实，同意"}
        answer = "deny" if late else verb
        await self.act(f"/v1/cases/{case['no']}", answer, case["version"], petition=petition["id"], **said)

    async def _send_on(self, case: Plain) -> None:
        path = f"/v1/cases/{case['no']}"
        judged = (await self.line.ask(f"{path}/explain"))["who"]
        if judged is None or judged["lead"]:  # the rulebook has not judged yet, or just has
            return
        refused = {task["unit"] for task in case["tasks"] if task["state"] == "sent_back"}
        unit = self._BOOK.get(case["category"]["code"], self._ELSE)
        unit = self._ELSE if unit in refused else unit
        if await self.act(path, "dispatch", case["version"], unit=unit, reason="无规则可循，经协商确定主办"):
            self.sent.add(case["no"])


class Officer(Person):
    """A grid officer: goes and looks whether it was really done."""

    async def due(self) -> AsyncIterator[Deed]:
        """Check what departments say is finished."""
        async for case in self.line.pages("/v1/cases", state="pending_check"):
            matter = f"{case['no']} {case['reworks']} {case['reopened']}"
            intent = self.ready(matter, partial(self._judge, not case["reworks"]))
            if intent is not None:
                said = {"reason": intent.reason} if intent.verb == "fail" else {"note": "现场核查属实"}
                yield self.act_on_the_spot(case, f"/v1/cases/{case['no']}", intent.verb, **said)

    def _judge(self, first: bool) -> Intent:
        if first and self.dice.random() < BADLY_DONE:
            return self.intend("fail", 2, 10, self.dice.choice(NOT_DONE))
        return self.intend("pass", 2, 10)


class Supervisor(Person):
    """督查: looks at what is late, and on some of it asks the unit for an answer (督办)."""

    pause = 1.5

    def __init__(self, line: Line, clock: ExerciseClock, dice: Random, deeds: Counter[str]) -> None:
        super().__init__(line, clock, dice, deeds)
        self._left = SUPERVISIONS

    async def due(self) -> AsyncIterator[Deed]:
        """Go through what is late and under way."""
        if not self._left:
            return
        async for case in self.line.pages("/v1/cases", state="disposing", overdue="true"):
            if self._left and not case["supervisions"]:
                self._left -= 1
                yield self._supervise(case)

    async def _supervise(self, case: Plain) -> None:
        said = {"reason": "超期未办结，请说明原因和完成时间", "replies": True}
        if not await self.act(f"/v1/cases/{case['no']}", "supervise", case["version"], **said):
            self._left += 1
