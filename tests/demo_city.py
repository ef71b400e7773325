"""Builders on the demo city 云湖市 as it is deployed: its office, its streets, and reports from its three sources."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from itertools import count
from typing import Any

import shapely

from domain.actor import Actor, Role
from domain.case import Case, State
from domain.commands import Command, Verb
from domain.errors import CityloopError
from domain.ids import CaseId, ReportId, TaskId, UnitId
from domain.place import Crs, Point
from domain.report import Report, Source
from domain.task import Part, Task, TaskState
from handlers.accept import accept_many
from handlers.assign import assign_many
from handlers.file import file_many
from handlers.inspect import go_on_duty
from handlers.outcomes import Done, Failed, Outcome
from handlers.perform import Request, perform_many
from handlers.ports import Office, new_id
from runtime.citypack import Pack
from runtime.settings import Settings
from runtime.wiring import advisers, read_pack
from store.clients import Client, Clients
from store.pool import Pool
from store.unit import Store

LAMP = "01037"  # 路灯: 市政照明, on refusal 市政设施
SEWER_COVER = "01002"  # 污水井盖 open: 排水, with 交警 and the street office
NO_RULE = "05003"  # 加油站: the demo rulebook has no rule for it

# a street by name, with no point: nothing joins by itself there
COARSE: dict[str, Any] = {"point": None, "area_names": ("临湖区", "望湖街道")}

DISPATCHER = Actor("dispatcher-1", Role.DISPATCHER)
DESK = Actor("desk-1", Role.DESK)
OFFICER = Actor("officer-1", Role.OFFICER)
CHIEF = Actor("chief-1", Role.CHIEF)
SUPERVISOR = Actor("supervisor-1", Role.SUPERVISOR)
CALLBACK = Actor("callback-1", Role.CALLBACK)
HOTLINE = Actor("hotline-1", Role.HOTLINE)

_numbers = count(1)
_METRE = 1 / 110_818.669  # degrees of latitude in 云湖市


@cache
def pack() -> Pack:
    """The demo pack, read once."""
    return read_pack(Settings())


@cache
def _spots() -> tuple[tuple[str, float, float], ...]:
    features = json.loads((Settings().pack / "areas.geojson").read_text(encoding="utf-8"))["features"]
    grids = [f for f in features if len(f["properties"]["code"]) == 15]
    middles = [(f["properties"]["code"], shapely.from_geojson(json.dumps(f["geometry"]))) for f in grids]
    return tuple((code, shape.centroid.x, shape.centroid.y) for code, shape in middles)


def spots() -> int:
    """How many places ``spot`` knows; each is more than 50 m from every other."""
    return len(_spots())


def grid(n: int) -> str:
    """The code of the unit grid around ``spot(n)``."""
    return _spots()[n % spots()][0]


def spot(n: int, north: float = 0.0) -> Point:
    """The middle of the n-th unit grid, or so many metres north of it."""
    _, lon, lat = _spots()[n % spots()]
    return Point(round(lon, 7), round(lat + north * _METRE, 7), Crs.WGS84)


def in_district(code: str) -> int:
    """A number for ``spot`` whose grid lies in the area ``code``."""
    return next(n for n, (own, _, _) in enumerate(_spots()) if own.startswith(code))


def an_office(pool: Pool, **policy: Any) -> Office:
    """The demo city's office on a pool, its policy changed where asked."""
    own = advisers(pack())
    return Office(Store(pool), replace(own, policy=replace(own.policy, **policy)))


def a_call(n: int = 0, category: str | None = LAMP, **changes: Any) -> Report:
    """A hotline ticket about a street lamp in the n-th grid."""
    now = datetime.now(UTC)
    ticket = Report(
        id=ReportId(new_id()),
        source=Source.HOTLINE,
        origin="hotline:12345",
        origin_key=f"T{next(_numbers)}",
        received_at=now,
        occurred_at=now,
        text="路灯不亮，晚上看不见路",
        category=category,
        point=spot(n),
    )
    return replace(ticket, **changes)


def calls(count_: int, **changes: Any) -> list[Report]:
    """Tickets in as many different grids."""
    return [a_call(n, **changes) for n in range(count_)]


async def accepted(office: Office, *reports: Report) -> list[ReportId]:
    """Reports let in; all of them new."""
    outcomes = await accept_many(office, reports)
    assert all(isinstance(outcome, Done) for outcome in outcomes), outcomes
    return [report.id for report in reports]


async def filed(office: Office, *reports: Report) -> list[CaseId]:
    """The cases of fresh reports, one each in order."""
    outcomes = await file_many(office, await accepted(office, *reports))
    assert all(isinstance(outcome, Done) for outcome in outcomes), outcomes
    return [CaseId(outcome.subject) for outcome in outcomes if isinstance(outcome, Done)]


async def dispatched(office: Office, *reports: Report) -> list[CaseId]:
    """The cases of fresh reports, after the rulebook was asked."""
    cases = await filed(office, *reports)
    await assign_many(office, list(dict.fromkeys(cases)))
    return cases


async def behind(office: Office, case: Case) -> tuple[ReportId, ...]:
    """The reports behind a case, the first one first."""
    async with office.store.unit() as unit:
        return (await unit.cases.crowd([case.id], [], [case.id])).behind(case.id)


async def first_of(office: Office, case: Case) -> ReportId:
    """The report that opened a case."""
    return (await behind(office, case))[0]


async def cases_of(office: Office, ids: Sequence[CaseId]) -> list[Case]:
    """The cases as the record has them."""
    async with office.store.unit() as unit:
        found = await unit.cases.load(ids)
    return [found[case] for case in ids]


async def case_of(office: Office, case: CaseId) -> Case:
    """One case as the record has it."""
    return (await cases_of(office, [case]))[0]


def worker(unit: str) -> Actor:
    """The client that speaks for a unit."""
    return Actor(f"unit-{unit}", Role.UNIT, UnitId(unit))


def open_task(case: Case, unit: str | None = None) -> Task:
    """The open task of a unit, or of the lead."""
    return next(t for t in case.tasks if t.open and (unit is None or t.unit == unit))


def on_task(case: Case, verb: Verb, unit: str | None = None, **more: Any) -> Command:
    """A verb on a unit's open task, by the unit itself, with the version it looked at."""
    task = open_task(case, unit)
    return Command(verb, worker(task.unit or ""), case.id, expected=case.version, task=task.id, **more)


def on_case(case: Case, verb: Verb, actor: Actor, **more: Any) -> Command:
    """A verb on a case with the version the actor looked at."""
    return Command(verb, actor, case.id, expected=case.version, **more)


async def perform(office: Office, *commands: Command) -> list[Outcome]:
    """Commands without Idempotency-Key, in one batch."""
    return await perform_many(office, [Request(command) for command in commands])


def ids(count_: int = 1) -> tuple[TaskId, ...]:
    """Fresh ids for tasks, as a door hands them to the law."""
    return tuple(TaskId(new_id()) for _ in range(count_))


def code_of(outcome: Outcome) -> str:
    """The code of a refusal."""
    assert isinstance(outcome, Failed), outcome
    assert isinstance(outcome.error, CityloopError), outcome.error
    return outcome.error.code


async def done(office: Office, *commands: Command) -> None:
    """Commands that take effect, one transaction each."""
    for command in commands:
        (outcome,) = await perform(office, command)
        assert isinstance(outcome, Done), outcome


async def to_check(office: Office, case_id: CaseId) -> Case:
    """Every open task accepted and finished, the lead's last; the case waits for its check."""
    while (case := await case_of(office, case_id)).state is not State.PENDING_CHECK:
        task = min((task for task in case.tasks if task.open), key=lambda task: task.part is Part.LEAD)
        verb = Verb.ACCEPT if task.state is TaskState.OFFERED else Verb.FINISH
        await done(office, on_task(case, verb, task.unit, note="办结"))
    return case


async def to_the_end(office: Office, case_id: CaseId) -> Case:
    """All work done, and the check passed at the officer's desk."""
    await done(office, on_case(await to_check(office, case_id), Verb.PASS, OFFICER))
    return await case_of(office, case_id)


async def history(pool: Pool, case: CaseId) -> list[str]:
    """The types of a case's events, in order."""
    rows = await pool.fetch("SELECT type FROM events WHERE subject = $1 ORDER BY version", case)
    return [row["type"].removeprefix("case.") for row in rows]


def merging(one: Case, main: CaseId, actor: Actor = DESK, **more: Any) -> Request:
    """并单: one case into another, as the desk asks for it."""
    return Request(on_case(one, Verb.MERGE, actor, reason="same-incident", **more), partner=main)


def splitting(one: Case, main: CaseId, actor: Actor = DESK, **more: Any) -> Request:
    """拆单: one case out of another."""
    return Request(on_case(one, Verb.SPLIT, actor, reason="two-lamps", **more), partner=main)


def inspector(name: str) -> Actor:
    """An inspector by name."""
    return Actor(name, Role.INSPECTOR)


async def on_duty(office: Office, pool: Pool, where: dict[str, Point | None], *areas: str) -> None:
    """These inspectors, and nobody else, are on duty there; their areas are area keys."""
    await pool.execute("DELETE FROM presences")
    await Clients(pool).put([Client(name, name, Role.INSPECTOR, areas=areas) for name in where])
    for name, point in where.items():
        await go_on_duty(office, name, point)


async def two_at_work(office: Office, **changes: Any) -> tuple[Case, Case]:
    """Two dispatched cases that may be one incident."""
    one, other = await cases_of(office, await dispatched(office, *(a_call(**COARSE, **changes) for _ in range(2))))
    return one, other
