"""Builds what the processes work with from settings and the city pack. The one place where everything meets."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial

from api.auth import Gate
from api.batcher import Batcher
from api.deps import Deps
from api.live import Hub
from api.present import Names, Presenter
from classify.classifier import Classifier
from dispatch.engine import Engine
from geo.locator import Locator
from handlers.accept import accept_many
from handlers.perform import perform_many
from handlers.ports import Advisers, Office
from runtime.citypack import Pack, load
from runtime.settings import ROOT, Settings
from store.cases import area_key
from store.clients import Client
from store.pool import Pool, connect
from store.unit import Store
from store.views import Views

STANDARDS = ROOT / "deploy" / "standards"


def read_pack(settings: Settings) -> Pack:
    """The city pack the settings name. Raises ``Invalid`` with every fault it has."""
    pack = load(settings.pack, STANDARDS)
    if settings.exercise_pace != 1.0:
        pack = replace(pack, policy=replace(pack.policy, exercise_pace=settings.exercise_pace))
    return pack


def advisers(pack: Pack) -> Advisers:
    """The advisers of a pack."""
    return Advisers(
        where=Locator(pack.atlas),
        what=Classifier(pack.catalogue, pack.keywords),
        who=Engine(pack.rulebook),
        catalogue=pack.catalogue,
        policy=pack.policy,
        prefix=pack.prefix,
    )


def clients(pack: Pack) -> list[Client]:
    """The pack's clients, with their areas as the database keeps them."""
    return [
        Client(c.id, c.name, c.role, c.unit, tuple(area_key(pack.atlas.path(code)) for code in c.areas))
        for c in pack.clients
    ]


@dataclass(frozen=True, slots=True)
class Desk:
    """What every process has: the pack, a pool, and an office on it."""

    pack: Pack
    pool: Pool
    office: Office


@asynccontextmanager
async def open_desk(settings: Settings, application: str, pack: Pack | None = None) -> AsyncIterator[Desk]:
    """Connect to the database. Raises ``Unavailable`` if it does not answer, ``Invalid`` for a faulty pack."""
    pack = pack or read_pack(settings)
    pool = await connect(settings.database_url, size=settings.pool_size, application=application)
    try:
        yield Desk(pack, pool, Office(Store(pool), advisers(pack)))
    finally:
        await pool.close()


@asynccontextmanager
async def open_api(settings: Settings) -> AsyncIterator[Deps]:
    """The API's tools."""
    async with open_desk(settings, "cityloop-api") as desk:
        views = Views(desk.pool)
        areas = desk.pack.atlas.tree.areas
        names = Names(
            units={unit.id: unit.name for unit in desk.pack.roster.units.values()},
            areas={code: area.name for code, area in areas.items()},
            labels=desk.pack.labels,
        )
        yield Deps(
            office=desk.office,
            views=views,
            gate=Gate(views),
            hub=Hub(views),
            present=Presenter(names),
            reports=Batcher(partial(accept_many, desk.office)),
            actions=Batcher(partial(perform_many, desk.office)),
            area_keys={code: area_key(desk.pack.atlas.path(code)) for code in areas},
            kafka_bootstrap=settings.kafka_bootstrap,
        )
