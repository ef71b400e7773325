"""The departments of the demo city: take, send back, ask for time, work, say what was done, answer to 督办."""

from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from random import Random

from runtime.demo.clock import ExerciseClock
from runtime.demo.line import Line, Plain
from runtime.demo.person import EVENING, Deed, Intent, Person
from runtime.demo.words import EXTENSIONS, REPLIES, SENT_BACK, SUSPENSION

ASKS_FOR_TIME = 0.7
"""The share of those who see that they will be late and say so in time."""

PAUSE = 60.0
"""City minutes a suspended case rests."""

_OPEN = ("offered", "accepted")


class Department(Person):
    """A unit. Some jobs drag on; then it asks for time, or is late. Lead units wait for those who must assist."""

    def __init__(
        self,
        line: Line,
        clock: ExerciseClock,
        dice: Random,
        deeds: Counter[str],
        *,
        slow: float,
        picky: float,
        suspends: bool,
    ) -> None:
        """``slow`` is the share of jobs that drag on, ``picky`` the share of cases it says are not its own.

        With ``suspends`` one job of the day has to wait for something that nobody can hurry.
        """
        super().__init__(line, clock, dice, deeds)
        self._slow = slow
        self._picky = picky
        self._suspends = suspends

    async def due(self) -> AsyncIterator[Deed]:
        """Go through the work list."""
        async for item in self.line.pages("/v1/tasks"):
            if item["case"]["state"] != "suspended":
                deed = self._next(item["task"], item["case"])
                if deed is not None:
                    yield deed

    def _next(self, task: Plain, case: Plain) -> Deed | None:
        """What is to be done about a task now, if anything."""
        path, lead = f"/v1/cases/{case['no']}", task["part"] == "lead"
        if lead and (owed := [one for one in case["supervisions"] if one["reply_due"] and not one["replied_at"]]):
            reply = self.ready(f"{case['no']} {owed[0]['no']}", lambda: self.intend("reply", 2, 6))
            return self.act(path, "reply", case["version"], note=self.dice.choice(REPLIES)) if reply else None
        job = self.meant(f"{task['id']} {task['state']}", lambda: self._decide(task, case))
        if lead and task["state"] == "accepted":
            wish = self.ready(f"{task['id']} wish", lambda: self._wish(case, job))
            if wish and wish.verb:
                return self._ask(task, case, wish)
        if job.minute > self.clock.minutes or (job.verb == "finish" and self._waits(task, case)):
            return None
        task_path = f"/v1/tasks/{task['id']}"
        if job.verb == "finish":
            return self.act_on_the_spot(case, task_path, "finish", note=self._result(case))
        return self.act(task_path, job.verb, case["version"], reason=job.reason)

    def _decide(self, task: Plain, case: Plain) -> Intent:
        if task["state"] == "offered":
            ours = task["part"] == "assist" or case["send_backs"] or case["reworks"] or case["reopened"]
            if not ours and self.dice.random() < self._picky:
                return self.intend("send-back", 2, 8, self.dice.choice(SENT_BACK))
            return self.intend("accept", 2, 8)
        if self.clock.share < EVENING and self.dice.random() < self._slow:
            return self.intend("finish", 100, 170)
        return self.intend("finish", 10, 40)

    def _wish(self, case: Plain, job: Intent) -> Intent:
        """What the unit would like to ask of the dispatcher about a job it has begun; an empty verb is nothing."""
        if self._suspends and self.clock.share < EVENING:
            self._suspends = False
            return self.intend("request-suspension", 2, 5, SUSPENSION)
        left = min((_minutes_left(self.clock, d) for d in case["deadlines"] if _runs(d)), default=0.0)
        late = job.minute - self.clock.minutes > left
        if late and left > 0 and self.dice.random() < ASKS_FOR_TIME:
            return self.intend("request-extension", 0.1 * left, 0.6 * left, self.dice.choice(EXTENSIONS))
        return self.intend("", 0, 0)

    def _ask(self, task: Plain, case: Plain, wish: Intent) -> Deed:
        # asked once: who is too late with it goes on without
        self._minds[f"{task['id']} wish"] = self.intend("", 0, 0)
        until = datetime.now(UTC) + timedelta(seconds=self.clock.real(PAUSE))
        said = {"until": until.isoformat()} if wish.verb == "request-suspension" else {}
        return self.act(f"/v1/cases/{case['no']}", wish.verb, case["version"], reason=wish.reason, **said)

    def _waits(self, task: Plain, case: Plain) -> bool:
        """The lead closes the work when it has been answered, and every required assistant has reported."""
        if task["part"] != "lead":
            return False
        asked = any(petition["state"] == "asked" for petition in case["petitions"])
        return asked or any(
            other["part"] == "assist" and other["required"] and other["state"] in _OPEN for other in case["tasks"]
        )

    def _result(self, case: Plain) -> str:
        condition = case["condition"]
        return condition["closing"] if condition else "已到场处置，现场恢复正常"


def _runs(deadline: Plain) -> bool:
    return bool(deadline["clock"] == "disposal" and deadline["state"] == "running")


def _minutes_left(clock: ExerciseClock, deadline: Plain) -> float:
    """City minutes until a deadline."""
    left = datetime.fromisoformat(deadline["due_at"]) - datetime.now(UTC)
    return left.total_seconds() / clock.real(1)
