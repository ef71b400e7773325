"""Builds what the processes work with from settings and the city pack. The one place where everything meets."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from api.alert_present import AlertDesk
from api.auth import Gate
from api.batcher import Batcher
from api.deps import Deps
from api.live import Hub
from api.open311.desk import Open311Desk
from api.open311.services import Services
from api.present import Names, Presenter
from classify.classifier import Classifier
from dispatch.engine import Engine
from domain.attachment import MEGABYTE
from domain.errors import Invalid
from geo.locator import Locator
from handlers.accept import accept_many
from handlers.attach import Archive, Count, Quota
from handlers.darkroom import Darkroom
from handlers.perform import perform_many
from handlers.ports import Advisers, Blobs, Office
from handlers.tickets import act_many
from runtime.citypack import Pack, load
from runtime.settings import ROOT, Settings
from store.alerts import Alerts
from store.bucket import Address, Bucket
from store.cases import area_key
from store.clients import Client
from store.folder import Folder
from store.pool import Pool, connect
from store.unit import Store
from store.views import Views
from streams.cap import Issuer

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
        roster=pack.roster,
        prefix=pack.prefix,
    )


def clients(pack: Pack) -> list[Client]:
    """The pack's clients, with their areas as the database keeps them."""
    return [
        Client(c.id, c.name, c.role, c.unit, tuple(area_key(pack.atlas.path(code)) for code in c.areas))
        for c in pack.clients
    ]


def issuer(pack: Pack) -> Issuer:
    """Who warns the public in the city's name."""
    areas = {code: area.name for code, area in pack.atlas.tree.areas.items()}
    return Issuer(pack.id, pack.name, pack.policy.calendar.zone, areas)


@dataclass(frozen=True, slots=True)
class Desk:
    """What every process has: the pack, a pool, and an office on it."""

    pack: Pack
    pool: Pool
    office: Office


def open311(settings: Settings, pack: Pack, names: Names) -> Open311Desk:
    """The Open311 door as the settings open it."""
    return Open311Desk(
        city=pack.name,
        zone=pack.policy.calendar.zone,
        changeset=pack.version,
        live=settings.exercise_pace == 1.0,
        services=Services(pack.catalogue),
        names=names,
        reads=settings.open311_read,
        posts=settings.open311_post,
        description=settings.open311_description,
        decimals=settings.open311_decimals,
        jurisdiction=settings.open311_jurisdiction,
        contact=settings.open311_contact,
        url=settings.open311_url,
    )


@asynccontextmanager
async def open_desk(settings: Settings, application: str, pack: Pack | None = None) -> AsyncIterator[Desk]:
    """Connect to the database. Raises ``Unavailable`` if it does not answer, ``Invalid`` for a faulty pack."""
    pack = pack or read_pack(settings)
    pool = await connect(settings.database_url, size=settings.pool_size, application=application)
    try:
        yield Desk(pack, pool, Office(Store(pool), advisers(pack)))
    finally:
        await pool.close()


def blobs(settings: Settings) -> Blobs:
    """The file store the settings name. Raises ``Invalid`` for an address that is none."""
    if not settings.attachments.startswith("s3:"):
        return Folder(Path(settings.attachments) if settings.attachments else settings.home / "attachments")
    bucket, _, prefix = settings.attachments.removeprefix("s3://").partition("/")
    if not bucket or bucket.startswith("s3:"):
        raise Invalid("settings-invalid", "环境变量有误", "CITYLOOP_ATTACHMENTS: write s3://BUCKET/PREFIX")
    keys = (settings.s3_access_key, settings.s3_secret_key)
    return Bucket(Address(bucket, prefix.strip("/"), settings.s3_endpoint, settings.s3_region, *keys))


@contextmanager
def open_archive(settings: Settings, office: Office, count: Count) -> Iterator[Archive]:
    """What handlers of attachments need; ``count`` hears what becomes of them."""
    quota = Quota(settings.attachment_files, settings.attachment_megabytes * MEGABYTE)
    darkroom = Darkroom()
    try:
        yield Archive(office, blobs(settings), darkroom, quota, count)
    finally:
        darkroom.close()


def _unheard(_what: str, _number: int) -> None:
    return


@asynccontextmanager
async def open_api(settings: Settings, count: Count = _unheard) -> AsyncIterator[Deps]:
    """The API's tools. ``count`` hears what becomes of attachments."""
    async with open_desk(settings, "cityloop-api") as desk:
        with open_archive(settings, desk.office, count) as archive:
            yield _tools(settings, desk, archive)


def _tools(settings: Settings, desk: Desk, archive: Archive) -> Deps:
    views = Views(desk.pool)
    areas = desk.pack.atlas.tree.areas
    names = Names(
        units={unit.id: unit.name for unit in desk.pack.roster.units.values()},
        areas={code: area.name for code, area in areas.items()},
        labels=desk.pack.labels,
    )
    return Deps(
        office=desk.office,
        views=views,
        gate=Gate(views),
        hub=Hub(views),
        present=Presenter(names),
        reports=Batcher(partial(accept_many, desk.office)),
        actions=Batcher(partial(perform_many, desk.office)),
        tickets=Batcher(partial(act_many, desk.office)),
        alerts=AlertDesk(Alerts(desk.pool), issuer(desk.pack).render, names),
        area_keys={code: area_key(desk.pack.atlas.path(code)) for code in areas},
        archive=archive,
        open311=open311(settings, desk.pack, names),
        kafka_bootstrap=settings.kafka_bootstrap,
    )
