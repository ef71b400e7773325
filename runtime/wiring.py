"""Builds what the processes work with from settings and the city pack. The one place where everything meets."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from api.admission import Admission, Doorbook
from api.alert_present import AlertDesk
from api.auth import Gate
from api.batcher import BATCH, LANES, PATIENCE, Batcher
from api.danger import Danger
from api.deps import Deps
from api.live import Hub
from api.open311.desk import Open311Desk
from api.open311.services import Services
from api.present import Names, Presenter
from api.rates import Rates
from api.rooms import Rooms, Sizes
from api.sensorthings.outlet import Outlet
from api.twins import command_key, report_key
from classify.appeals import Appeals
from classify.rules import Keywords
from dispatch.advised import AdvisedEngine
from dispatch.engine import Engine
from domain.attachment import MEGABYTE
from domain.errors import Invalid
from domain.place import LEVELS, Level
from geo.locator import Locator
from handlers.accept import accept_many
from handlers.attach import Archive, Count, Quota
from handlers.darkroom import Darkroom
from handlers.imports import Count as ImportCount
from handlers.imports import ImportDesk
from handlers.perform import perform_many
from handlers.ports import Advisers, Blobs, Office, Who
from handlers.rulebooks import RulebookDesk
from handlers.sensors import Kept, SensorDesk, SensorMeter
from handlers.tickets import act_many
from runtime.citypack import Pack, load
from runtime.classify.live import LiveClassifier
from runtime.dispatch.city_rules import CityRules
from runtime.dispatch.live_recommender import LiveRecommender
from runtime.dispatch.live_rulebook import LiveRules, following
from runtime.importing.tables import CityTables, read_mappings
from runtime.settings import ROOT, Settings
from store.alerts import Alerts
from store.bucket import Address, Bucket
from store.cases import area_key
from store.clients import Client
from store.folder import Folder
from store.pool import Pool, connect
from store.reading_files import ReadingFiles
from store.unit import Store
from store.views import Views
from streams.cap import Issuer
from streams.outlet import ReadingsOutlet
from streams.sensor_state import partition_of_gateway
from streams.topics import SENSOR_READINGS, log_of

STANDARDS = ROOT / "deploy" / "standards"
STATEMENT_SECONDS = 5.0
"""What one statement may take where somebody waits at the other end of HTTP."""


def read_pack(settings: Settings) -> Pack:
    """The city pack the settings name. Raises ``Invalid`` with every fault it has."""
    pack = load(settings.pack, STANDARDS)
    if settings.exercise_pace != 1.0:
        pack = replace(pack, policy=replace(pack.policy, exercise_pace=settings.exercise_pace))
    return pack


def advisers(
    pack: Pack, model: Path | None = None, who: Who | None = None, recommender: Path | None = None
) -> Advisers:
    """The advisers of a pack; ``model`` and ``recommender`` are files of trained ones, which need not be there.

    ``who`` judges by another rulebook than the pack's.
    """
    rules = who or Engine(pack.rulebook)
    if recommender is not None:
        history = LiveRecommender(pack.roster, recommender)
        rules = AdvisedEngine(rules, history, pack.roster, pack.policy.auto_dispatch_from)
    return Advisers(
        where=Locator(pack.atlases, pack.gazetteer, pack.policy.calendar.zone),
        what=LiveClassifier(pack, model),
        who=rules,
        catalogue=pack.catalogue,
        policy=pack.policy,
        roster=pack.roster,
        surroundings=pack.surroundings,
        tags=Keywords(pack.tags),
        prefix=pack.prefix,
        duty=pack.duty,
    )


def clients(pack: Pack) -> list[Client]:
    """The pack's clients, with their areas as the database keeps them."""
    return [
        Client(c.id, c.name, c.role, c.unit, tuple(area_key(pack.atlases.paths[code]) for code in c.areas))
        for c in pack.clients
    ]


def issuer(pack: Pack) -> Issuer:
    """Who warns the public in the city's name."""
    areas = {code: area.name for code, area in pack.atlases.areas.items()}
    return Issuer(pack.id, pack.name, pack.policy.calendar.zone, areas)


@dataclass(frozen=True, slots=True)
class Desk:
    """What every process has: the pack, a pool, and an office on it."""

    pack: Pack
    pool: Pool
    office: Office
    rulebooks: RulebookDesk


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
async def open_desk(
    settings: Settings, application: str, pack: Pack | None = None, statement_seconds: float = 0.0
) -> AsyncIterator[Desk]:
    """Connect to the database. Raises ``Unavailable`` if it does not answer, ``Invalid`` for a faulty pack."""
    pack = pack or read_pack(settings)
    pool = await connect(
        settings.database_url,
        size=settings.pool_size,
        application=application,
        statement_seconds=statement_seconds,
    )
    rules = LiveRules(pack)
    try:
        async with following(rules, pool):
            office = Office(Store(pool), advisers(pack, settings.model_file, rules, settings.recommender_file))
            yield Desk(pack, pool, office, RulebookDesk(office, CityRules(pack), rules))
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


def import_desk(settings: Settings, desk: Desk, blobs: Blobs, count: ImportCount = _unheard) -> ImportDesk:
    """What handlers of imports need. Raises ``Invalid`` for a faulty mapping of the pack."""
    tables = CityTables(desk.pack, read_mappings(settings.pack / "imports", desk.pack.catalogue))
    return ImportDesk(desk.office, blobs, tables, count, tables.sources)


def sensor_desk(settings: Settings, desk: Desk, meter: SensorMeter) -> SensorDesk:
    """What a sensors' worker works with. Raises ``Unavailable`` if the broker is away or not prepared."""
    log = log_of(settings.kafka_bootstrap, SENSOR_READINGS, settings.topic_prefix)
    kept = Kept(settings.readings, settings.readings_days, ReadingFiles(settings.readings_path))
    return SensorDesk(desk.office, desk.pack.sensors, kept, log, partition_of_gateway, meter)


def _unread(_room: str, _outcome: str) -> None:
    return


@asynccontextmanager
async def open_api(settings: Settings, count: Count = _unheard, door: Doorbook = _unread) -> AsyncIterator[Deps]:
    """The API's tools. ``count`` hears what becomes of attachments, ``door`` of requests not let in as usual."""
    async with open_desk(settings, "cityloop-api", statement_seconds=STATEMENT_SECONDS) as desk:
        with open_archive(settings, desk.office, count) as archive:
            outlet = ReadingsOutlet(settings.kafka_bootstrap, settings.topic_prefix)
            try:
                yield _tools(settings, desk, archive, admission(settings, desk.pack, door), outlet)
            finally:
                await outlet.close()


def admission(settings: Settings, pack: Pack, door: Doorbook = _unread) -> Admission:
    """Who is let in, and how often: rooms for the pool and the batchers, rates by the pack's clients."""
    contracts = {client.id: client.contract for client in pack.clients}
    return Admission(
        rooms=Rooms(Sizes.of(pool=settings.pool_size, lanes=LANES, batch=BATCH, factor=settings.room)),
        # in an exercise everybody works faster, and asks as much more often
        rates=Rates(contracts, settings.anonymous_rate.rates, settings.rates * pack.policy.exercise_pace),
        danger=Danger(pack.policy.life_safety, pack.catalogue, Appeals(pack.cues).urgency),
        count=door,
    )


def names_of(pack: Pack) -> Names:
    """The pack's words for people; areas of all times, so that old cases are named."""
    return Names(
        units={unit.id: unit.name for unit in pack.roster.units.values()},
        areas={code: area.name for code, area in pack.atlases.areas.items()},
        labels=pack.labels,
        zone=pack.policy.calendar.zone,
    )


def _tools(settings: Settings, desk: Desk, archive: Archive, admission: Admission, outlet: Outlet) -> Deps:
    patience = PATIENCE * settings.room
    areas = desk.pack.atlases.areas  # of all times, so that old cases are named and found
    levels = {level: tuple(code for code, area in areas.items() if area.level is level) for level in LEVELS}
    views = Views(desk.pool, levels[Level.STREET])
    names = names_of(desk.pack)
    return Deps(
        office=desk.office,
        views=views,
        gate=Gate(views, admission.rates),
        hub=Hub(views),
        present=Presenter(names),
        reports=Batcher(
            partial(accept_many, desk.office), first=admission.danger.of, key=report_key, patience=patience
        ),
        actions=Batcher(partial(perform_many, desk.office), key=command_key, patience=patience),
        tickets=Batcher(partial(act_many, desk.office), key=command_key, patience=patience),
        alerts=AlertDesk(Alerts(desk.pool), issuer(desk.pack).render, names),
        area_keys={code: area_key(desk.pack.atlases.paths[code]) for code in areas},
        archive=archive,
        open311=replace(open311(settings, desk.pack, names), admit=admission.open311),
        kafka_bootstrap=settings.kafka_bootstrap,
        admission=admission,
        imports=import_desk(settings, desk, archive.blobs),
        rulebooks=desk.rulebooks,
        areas_at=levels,
        kinds={kind.id: kind for kind in desk.pack.sensors.kinds},
        outlet=outlet,
    )
