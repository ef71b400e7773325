"""Clients that take cases through their whole life over HTTP: hotline, departments and officers. Its own process."""

import asyncio
import sys
import time
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import count

import msgspec
import uvloop

from bench.bed import cpu_seconds
from bench.line import Answer, Line

_LOOK = 0.02  # seconds between looks at a report that has no units yet
_PATIENCE = 60.0
_FINISHED = b'{"note":"done"}'
_DONE = b"{}"


@dataclass(frozen=True, slots=True)
class Job:
    """What to do: bodies of reports (each filed and dispatched without a person), who may speak, and for how long.

    ``officers`` are the checking officers by the area code of their district; ``pids`` the processes whose CPU is read.
    """

    url: str
    keys: dict[str, str]
    officers: dict[str, str]
    bodies: list[str]
    clients: int
    warm_up: float
    seconds: float
    run: str
    pids: dict[str, int]


@dataclass(slots=True)
class Tally:
    """What was seen within the measured time: cycles closed, latencies in seconds by verb, and other ends."""

    closed: int = 0
    requests: int = 0
    others: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    took: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    every: int = 0
    """Cycles closed in all, the warm-up's included."""
    cpu: dict[str, float] = field(default_factory=dict)
    """CPU seconds of each process within the measured time."""


class _Stopped(Exception):
    """A cycle that went another way, such as a report that joined an open case."""


class _Client:
    def __init__(self, job: Job, line: Line, tally: Tally, begins: float, numbers: "count[int]") -> None:
        self._job, self._line, self._tally = job, line, tally
        self._begins, self._ends = begins, begins + job.seconds
        self._numbers = numbers

    async def work(self) -> None:
        """One cycle after another until the time is over."""
        while time.perf_counter() < self._ends:
            number = next(self._numbers)
            start = time.perf_counter()
            try:
                await self.cycle(number)
            except _Stopped as end:
                if self._counts():
                    self._tally.others[str(end)] += 1
                continue
            self._tally.every += 1
            if self._counts():
                self._tally.closed += 1
                self._tally.took["whole cycle"].append(time.perf_counter() - start)

    def _counts(self) -> bool:
        return self._begins <= time.perf_counter() < self._ends

    async def cycle(self, number: int) -> None:
        """One case from its report to its end."""
        start = time.perf_counter()
        body = self._job.bodies[number % len(self._job.bodies)].encode()
        own = f"{self._job.run}-{number}"
        sent = await self._ask("report", "POST", "/v1/reports", "hotline-12345", body, Idempotency_Key=own)
        no = await self._dispatched(sent.data["links"]["self"], start)
        case = (await self._ask("case", "GET", f"/v1/cases/{no}", "viewer-1")).data
        version = case["version"]
        work = [task for task in case["tasks"] if task["unit"] and task["state"] == "offered"]
        work.sort(key=lambda task: task["part"] == "lead")
        for verb, said in (("accept", _DONE), ("finish", _FINISHED)):
            for task in work:
                path, who = f"/v1/tasks/{task['id']}/actions/{verb}", f"unit-{task['unit']}"
                version = (await self._ask(verb, "POST", path, who, said, If_Match=f'"{version}"')).data["version"]
        areas = {area["code"] for area in case["areas"]}
        officer = next(name for area, name in self._job.officers.items() if area in areas)
        await self._ask("pass", "POST", f"/v1/cases/{no}/actions/pass", officer, _DONE, If_Match=f'"{version}"')

    async def _dispatched(self, report: str, start: float) -> str:
        while time.perf_counter() - start < _PATIENCE:
            cases = (await self._ask("look", "GET", report, "hotline-12345")).data["cases"]
            if cases and not cases[0]["opened"]:
                raise _Stopped("joined")
            if cases and cases[0]["state"] == "pending_disposal":
                if self._counts():
                    self._tally.took["until dispatched"].append(time.perf_counter() - start)
                return str(cases[0]["no"])
            await asyncio.sleep(_LOOK)
        raise _Stopped("not dispatched in time")

    async def _ask(
        self, name: str, method: str, path: str, who: str, body: bytes | None = None, **headers: str
    ) -> Answer:
        start = time.perf_counter()
        answer = await self._line.ask(method, path, self._job.keys[who], body, **headers)
        if self._counts():
            self._tally.requests += 1
            self._tally.took[name].append(time.perf_counter() - start)
        if answer.status >= 300:
            raise _Stopped(f"{name} {answer.status} {answer.body.decode()[:200]}")
        return answer


async def drive(job: Job) -> Tally:
    """Run the clients; what happens before the warm-up is over does not count."""
    lines = [await Line.open(job.url) for _ in range(job.clients)]
    tally, numbers = Tally(), count()
    first = _Client(job, lines[0], Tally(), 0.0, numbers)
    await first.cycle(next(numbers))  # the worker may still be starting: the clock waits for it
    tally.every = 1
    begins = time.perf_counter() + job.warm_up
    working = (_Client(job, line, tally, begins, numbers).work() for line in lines)
    await asyncio.gather(*working, _read_cpu(job, tally))
    for line in lines:
        line.close()
    return tally


async def _read_cpu(job: Job, tally: Tally) -> None:
    await asyncio.sleep(job.warm_up)
    before = {name: cpu_seconds(pid) for name, pid in job.pids.items()}
    await asyncio.sleep(job.seconds)
    tally.cpu = {name: cpu_seconds(pid) - before[name] for name, pid in job.pids.items()}


def main() -> None:
    """The job as JSON on standard input, the tally as JSON on standard output."""
    job = msgspec.json.decode(sys.stdin.buffer.read(), type=Job)
    sys.stdout.buffer.write(msgspec.json.encode(uvloop.run(drive(job))))


if __name__ == "__main__":
    main()
