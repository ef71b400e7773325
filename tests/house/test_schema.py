"""schema.sql is the truth: the migrations lead to it, the queries fit it, and its enums are those of the code."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from enum import StrEnum
from pathlib import Path

import asyncpg
import pytest

from domain.asset import Accuracy, AssetState
from domain.attachment import AttachmentState, MediaKind
from domain.case import Clock, State
from domain.catalogue import Urgency
from domain.device import UnknownReason
from domain.duplicates import DuplicateKind
from domain.errors import Unavailable
from domain.message import MessageKind, MessageOutcome
from domain.report import Source
from domain.rule_table import RulebookState
from domain.table_import import ImportState
from domain.task import Part, TaskState
from domain.ticket import TicketState, Tier
from store import migrate, queries
from tests.house.catalog import PARTS, Rows, catalog

STORE = Path(migrate.__file__).parent
SCHEMA = (STORE / "schema.sql").read_text(encoding="utf-8")
ENUMS: dict[str, type[StrEnum]] = {
    "source": Source,
    "urgency": Urgency,
    "case_state": State,
    "task_part": Part,
    "task_state": TaskState,
    "ticket_state": TicketState,
    "ticket_tier": Tier,
    "message_kind": MessageKind,
    "message_outcome": MessageOutcome,
    "stage_clock": Clock,
    "duplicate_kind": DuplicateKind,
    "rulebook_state": RulebookState,
    "asset_state": AssetState,
    "accuracy": Accuracy,
    "unknown_reason": UnknownReason,
    "attachment_state": AttachmentState,
    "attachment_kind": MediaKind,
    "import_state": ImportState,
}

Connection = asyncpg.Connection
Make = Callable[[str], Awaitable[object]]


@asynccontextmanager
async def fresh(dsn: str, name: str) -> AsyncIterator[str]:
    """The address of an empty database on the same server, gone afterwards."""
    keeper = await asyncpg.connect(dsn)
    try:
        await keeper.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        await keeper.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
        yield dsn.rpartition("/")[0] + "/" + name
    finally:
        await keeper.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        await keeper.close()


async def declare(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    await connection.execute(SCHEMA)
    await connection.close()


async def made_by(dsn: str, name: str, make: Make) -> dict[str, Rows]:
    async with fresh(dsn, name) as database:
        await make(database)
        connection = await asyncpg.connect(database)
        try:
            return await catalog(connection)
        finally:
            await connection.close()


@pytest.fixture(scope="module")
async def declared(postgres_dsn: str) -> dict[str, Rows]:
    """What schema.sql makes."""
    return await made_by(postgres_dsn, "house_declared", declare)


@pytest.fixture(scope="module")
async def migrated(postgres_dsn: str) -> dict[str, Rows]:
    """What all migrations make, one after another."""
    return await made_by(postgres_dsn, "house_migrated", migrate.migrate)


@pytest.fixture
async def connection(postgres_dsn: str) -> AsyncIterator[Connection]:
    """A connection to a database with our schema."""
    async with fresh(postgres_dsn, "house_trial") as database:
        await declare(database)
        connection = await asyncpg.connect(database)
        yield connection
        await connection.close()


@pytest.mark.parametrize("part", PARTS)
def test_the_migrations_lead_to_the_schema(part: str, declared: dict[str, Rows], migrated: dict[str, Rows]) -> None:
    assert migrated[part] == declared[part]
    assert declared[part], f"no {part} were found at all"


async def test_the_comparison_sees_a_difference(connection: Connection, declared: dict[str, Rows]) -> None:
    assert await catalog(connection) == declared
    for part, change in {
        "columns": "ALTER TABLE cases ALTER COLUMN unit SET DEFAULT ''",
        "constraints": "ALTER TABLE tasks DROP CONSTRAINT tasks_check",
        "indexes": "DROP INDEX tasks_one_open_lead",
        "enums": "ALTER TYPE task_part ADD VALUE 'onlooker'",
        "triggers": "ALTER TABLE events DISABLE TRIGGER events_append_only",
        "functions": "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RETURN NEW; END $$",
        "sequences": "ALTER SEQUENCE case_serial INCREMENT BY 10",
        "relations": "ALTER TABLE answers SET UNLOGGED",
    }.items():
        before = (await catalog(connection))[part]
        await connection.execute(change)
        assert (await catalog(connection))[part] != before, change


async def test_migrating_twice_changes_nothing_and_a_newer_database_is_left_alone(postgres_dsn: str) -> None:
    async with fresh(postgres_dsn, "house_twice") as database:
        names = [path.stem for path in migrate.available()]
        assert await migrate.migrate(database) == names
        assert await migrate.migrate(database) == []
        connection = await asyncpg.connect(database)
        await connection.execute("INSERT INTO migrations (name) VALUES ('9999_from_the_future')")
        await connection.close()
        with pytest.raises(Unavailable) as caught:
            await migrate.migrate(database)
        assert caught.value.code == "schema-newer"


def test_migrations_are_numbered_without_gaps() -> None:
    found = [path.name for path in migrate.available()]
    assert [name[:4] for name in found] == [f"{number:04d}" for number in range(1, len(found) + 1)]
    assert sorted(path.name for path in (STORE / "migrations").iterdir()) == found, "a file nobody would apply"


async def test_every_named_query_prepares(connection: Connection) -> None:
    names = queries.names()
    assert names
    for name in names:
        try:
            await connection.prepare(queries.sql(name))
        except asyncpg.PostgresError as error:
            pytest.fail(f"{name}: {error}")


@pytest.mark.parametrize("name", queries.names())
def test_every_named_query_says_what_it_is_for_and_somebody_asks_it(name: str) -> None:
    assert queries.sql(name).startswith("-- "), "the first line is its purpose"
    users = [path for path in STORE.rglob("*.py") if f'"{name}"' in path.read_text(encoding="utf-8")]
    assert users, "a query nobody asks"


def test_enums_of_the_database_are_those_of_the_code(declared: dict[str, Rows]) -> None:
    assert dict(declared["enums"]) == {name: [member.value for member in enum] for name, enum in ENUMS.items()}


async def test_the_history_can_only_grow(connection: Connection) -> None:
    columns = "(subject, version, type, at, route, doc)"
    await connection.execute(f"INSERT INTO events {columns} VALUES (gen_random_uuid(), 1, 't', now(), '', '{{}}')")  # noqa: S608
    for change in ("UPDATE events SET type = 'u'", "DELETE FROM events"):
        with pytest.raises(asyncpg.RaiseError, match="append-only"):
            await connection.execute(change)
    assert await connection.fetchval("SELECT count(*) FROM events") == 1


async def test_the_history_cannot_be_emptied_either(connection: Connection) -> None:
    with pytest.raises(asyncpg.RaiseError, match="append-only"):
        await connection.execute("TRUNCATE events")
