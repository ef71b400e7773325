"""What the day was like: cases by department and state, how fast dispatch was, what came back, what was late."""

import asyncio
import math
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from runtime.demo.account import Account
from runtime.demo.dashboard import Dashboard
from runtime.demo.line import Line, Plain

_PATIENCE, _LOOK = 80, 0.1
NOBODY = "—"


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts over the run's cases. ``by_rule`` and ``by_hand``: milliseconds from sent to dispatched, ascending."""

    cases: int
    departments: Counter[tuple[str, str]]
    by_rule: Sequence[float]
    by_hand: Sequence[float]
    send_backs: int
    reworks: int
    overdue: int
    missed: Counter[str]
    """Missed limits by stage."""


async def cases_of(account: Account, line: Line, since: datetime) -> list[Plain]:
    """The run's cases as the API lists them, and one by one those that an earlier run had opened."""
    found: list[Plain] = []
    async for case in line.pages("/v1/cases"):
        if datetime.fromisoformat(case["opened_at"]) < since:
            break
        found.append(case)
    mine = [case for case in found if case["no"] in account.cases]
    earlier = account.cases - {case["no"] for case in mine}
    return mine + [await line.ask(f"/v1/cases/{no}") for no in sorted(earlier)]


def figures(account: Account, cases: Sequence[Plain], by_hand: Collection[str]) -> Figures:
    """The figures of the run; ``by_hand`` names the cases a person dispatched."""
    waited: dict[bool, list[float]] = {True: [], False: []}
    for case in cases:
        entry = account.opened.get(case["no"])
        if entry is not None and case["dispatched_at"]:
            person = case["no"] in by_hand or case["filed_at"] != case["opened_at"]
            moment = datetime.fromisoformat(case["dispatched_at"]).timestamp()
            waited[person].append(1000 * (moment - entry.sent_at))
    return Figures(
        cases=len(cases),
        departments=Counter((case["unit_name"] or NOBODY, case["state"]) for case in cases),
        by_rule=sorted(waited[False]),
        by_hand=sorted(waited[True]),
        send_backs=sum(case["send_backs"] for case in cases),
        reworks=sum(case["reworks"] for case in cases),
        overdue=sum(case["overdue"] for case in cases),
        missed=Counter(d["clock"] for case in cases for d in case["deadlines"] if d["state"] == "missed"),
    )


def percentile(ascending: Sequence[float], share: float) -> float:
    """The value that ``share`` (0 to 1) of the values do not exceed; NaN of nothing."""
    return ascending[max(0, math.ceil(share * len(ascending)) - 1)] if ascending else math.nan


@dataclass(frozen=True, slots=True)
class Heard:
    """What the live stream told of the run's cases, held against their histories."""

    events: int
    missed: int
    twice: int
    breaks: int


async def compare_stream(dashboard: Dashboard, cases: Sequence[Plain], since: datetime) -> Heard:
    """Every version of every case opened in this run must have been heard once; the last ones are waited for."""
    due = {case["no"]: case["version"] for case in cases if datetime.fromisoformat(case["opened_at"]) >= since}

    def missed() -> int:
        heard = dashboard.heard
        return sum(len(set(range(1, version + 1)) - set(heard.get(no, ()))) for no, version in due.items())

    for _ in range(_PATIENCE):
        if not missed():
            break
        await asyncio.sleep(_LOOK)
    twice = sum(count - 1 for versions in dashboard.heard.values() for count in versions.values())
    return Heard(dashboard.events, missed(), twice, dashboard.breaks)
