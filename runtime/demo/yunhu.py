"""One day in Yunhu: everybody at once, from the first report to the evening's accounts."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from secrets import token_hex

import httpx
from aiokafka import AIOKafkaProducer
from rich.console import Console

from domain.actor import Role
from domain.case import State
from runtime.demo.account import Account, arrived, draw_up
from runtime.demo.bars import DayBars
from runtime.demo.city import day
from runtime.demo.clock import ExerciseClock
from runtime.demo.dashboard import Dashboard
from runtime.demo.figures import Figures, Heard, cases_of, compare_stream, figures
from runtime.demo.ledger import Ledger
from runtime.demo.line import Line, Plain
from runtime.demo.matters import Matters, Tickets, matters, tickets_of
from runtime.demo.people import Staff, hire
from runtime.demo.senders import Senders
from runtime.demo.sensor_account import SensorAccount, account_of
from runtime.demo.sensor_city import sensors
from runtime.demo.sensors import Sensors
from runtime.machine import Machine
from runtime.wiring import Desk, open_desk
from store.views import Views
from streams.broker import producing

REPORTS_A_SECOND = 12.0
SHORTEST, PATIENCE, WARM_UP = 10.0, 180.0, 60.0
"""Seconds: of the shortest day, from the last report until everything must be closed, and for the first call."""

_IN_WORK = (
    State.PENDING_DISPATCH, State.JOINT_DECISION, State.PENDING_DISPOSAL, State.SUSPENDED, State.DISPOSING,
    State.PENDING_CHECK
)  # fmt: skip
_LOOK = 0.25


@dataclass(frozen=True, slots=True)
class Evening:
    """What the tables are made of."""

    account: Account
    sensors: SensorAccount
    record: Mapping[str, int]
    figures: Figures
    matters: Matters
    tickets: Tickets
    heard: Heard
    unfinished: Sequence[Plain]
    conflicts: int
    in_time: bool
    seconds: float


class Day:
    """One run on a running machine. Its number tells its reports from those of earlier runs on the kept data."""

    def __init__(self, running: Machine, *, reports: int, seed: int, out: Console) -> None:
        self._running = running
        self._settings = running.settings
        self._since = datetime.now(UTC)
        run = f"{self._since:%y%m%d%H%M%S}{token_hex(2)}"
        self._run = run
        self._messages = day(running.pack, run=run, seed=seed, reports=reports, now=self._since)
        self._seconds = max(SHORTEST, len(self._messages) / REPORTS_A_SECOND)
        self._ledger = Ledger(len(self._messages))
        self._deeds: Counter[str] = Counter()
        self._seed = seed
        self._out = out

    async def live(self) -> Evening:
        """Play the day. Raises ``CityloopError`` or ``httpx.HTTPError``, in a group, when a server is lost for good."""
        async with AsyncExitStack() as stack:
            http = await stack.enter_async_context(_http(self._running.url))
            producer = await stack.enter_async_context(producing(self._settings.kafka_bootstrap))
            desk = await stack.enter_async_context(open_desk(self._settings, "cityloop-demo", self._running.pack))
            async with desk.office.store.unit() as unit:
                self._since = unit.at  # the database's clock, which stamps what is compared with it
            lines = {client: Line(http, key) for client, key in self._running.keys.items()}
            async with asyncio.TaskGroup() as group:
                dashboard = Dashboard(lines[self._client(Role.VIEWER)])
                listening = group.create_task(dashboard.listen())
                await dashboard.listening.wait()
                senders = Senders(lines, producer, self._settings.topic_prefix, self._ledger)
                own = self._put_up(lines, producer)
                await asyncio.gather(self._first_call(senders, desk), own.install())
                clock = ExerciseClock(self._settings.exercise_pace, self._seconds)
                staff = hire(self._running.pack, lines, clock, self._seed, self._deeds)
                in_time = await self._until_evening(staff, senders, own, dashboard, desk, clock)
                seconds = clock.elapsed
                evening = await self._accounts(staff, own, dashboard, desk, lines, in_time, seconds)
                await own.retire()
                listening.cancel()
        return evening

    def _put_up(self, lines: Mapping[str, Line], producer: AIOKafkaProducer) -> Sensors:
        city = sensors(self._running.pack, run=self._run, seed=self._seed)
        own = lines[self._client(Role.DEVICE)], lines[self._client(Role.VIEWER)]
        zone = self._running.pack.policy.calendar.zone
        return Sensors(city, own, producer, self._settings.topic_prefix, run=self._run, seed=self._seed, zone=zone)

    async def _first_call(self, senders: Senders, desk: Desk) -> None:
        """The morning's line test: the day begins when a call comes through to a case, and not while workers start.

        After ``WARM_UP`` seconds it begins all the same: then the accounts will show what is wrong.
        """
        await senders.send(self._messages[0])
        with suppress(TimeoutError):
            async with asyncio.timeout(WARM_UP):
                while True:
                    if await arrived(desk.office, self._ledger, self._since) and not await self._unfiled(desk):
                        return
                    await asyncio.sleep(_LOOK)

    async def _unfiled(self, desk: Desk) -> int:
        return (await Views(desk.pool).account())["not_filed_yet"]

    async def _until_evening(
        self,
        staff: Staff,
        senders: Senders,
        own: Sensors,
        dashboard: Dashboard,
        desk: Desk,
        clock: ExerciseClock,
    ) -> bool:
        """Everybody works until all is done. False when that takes too long; then they stop where they are."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._seconds + PATIENCE), asyncio.TaskGroup() as group:
                at_work = [group.create_task(person.work()) for person in staff]
                at_work.append(group.create_task(self._watch(dashboard, clock)))
                at_work.append(group.create_task(own.play(clock)))
                await senders.send_all(self._messages[1:], clock)
                await self._quiet(staff, own, desk, dashboard.line)
                for one in at_work:
                    one.cancel()
            return True
        return False

    async def _quiet(self, staff: Staff, own: Sensors, desk: Desk, viewer: Line) -> None:
        calm = 0
        while calm < 2:  # a case that moves while states are looked through one after another is seen the next time
            calm = calm + 1 if await self._done(staff, own, desk, viewer) else 0
            await asyncio.sleep(_LOOK)

    async def _done(self, staff: Staff, own: Sensors, desk: Desk, viewer: Line) -> bool:
        """Whether all that was sent has arrived and every case is closed but those the desk put aside."""
        if not await arrived(desk.office, self._ledger, self._since) or await self._unfiled(desk):
            return False
        if not await own.settled(Views(desk.pool)):
            return False
        for state in _IN_WORK:
            if (await viewer.ask("/v1/cases", state=state, limit=1))["items"]:
                return False
        return {case["no"] async for case in viewer.pages("/v1/cases", state=State.REPORTED)} <= staff.desk.put_aside

    async def _watch(self, dashboard: Dashboard, clock: ExerciseClock) -> None:
        """Keep the bars moving; take the dashboard's line away once, in the middle of the day."""
        bars, cut = DayBars(self._out, self._ledger, dashboard, clock), False
        with bars.shown():
            while True:
                if clock.share > 0.5 and not cut:
                    cut = True
                    dashboard.cut()
                bars.look()
                await asyncio.sleep(_LOOK)

    async def _accounts(
        self,
        staff: Staff,
        own: Sensors,
        dashboard: Dashboard,
        desk: Desk,
        lines: Mapping[str, Line],
        in_time: bool,
        seconds: float,
    ) -> Evening:
        line = lines[self._client(Role.DESK)]
        account = await draw_up(desk.office, self._ledger, self._since, line)
        measured = await account_of(
            own.sent, await own.tally(Views(desk.pool)), await own.draw(self._settings.home), line
        )
        account.cases |= measured.reports.cases
        cases = await cases_of(account, line, self._since)
        return Evening(
            account=account,
            sensors=measured,
            record=await Views(desk.pool).account(),
            figures=figures(account, cases, staff.dispatcher.sent),
            matters=matters(cases),
            tickets=await tickets_of(lines[self._client(Role.HOTLINE)], self._since),
            heard=await compare_stream(dashboard, cases, self._since),
            unfinished=[case for case in cases if case["state"] in _IN_WORK],
            conflicts=self._deeds["told 409"],
            in_time=in_time,
            seconds=seconds,
        )

    def _client(self, role: Role) -> str:
        return next(client.id for client in self._running.pack.clients if client.role is role)


def _http(url: str) -> httpx.AsyncClient:
    """One pool of connections for everybody; the play must not wait for a connection."""
    limits = httpx.Limits(max_connections=64, max_keepalive_connections=64)
    return httpx.AsyncClient(base_url=url, limits=limits, timeout=httpx.Timeout(30))
