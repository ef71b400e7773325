"""Makes servers ready for the processes: schema, topics, clients and their keys. Safe to repeat."""

import json
from collections.abc import Callable
from pathlib import Path

from runtime.citypack import Pack
from runtime.settings import Settings
from runtime.wiring import clients
from store.clients import Clients
from store.migrate import migrate
from store.pool import connect
from streams.topics import create_topics

Progress = Callable[[str], None]


async def prepare(settings: Settings, pack: Pack, say: Progress) -> None:
    """Migrate, create topics, enter the pack's clients. Raises ``Unavailable`` with the remedy."""
    applied = await migrate(settings.database_url)
    say(f"database: {len(applied)} migrations applied" if applied else "database: schema is current")
    created = await create_topics(settings.kafka_bootstrap, settings.topic_prefix, settings.kafka_replication)
    say(f"kafka: {len(created)} topics created" if created else "kafka: topics are there")
    pool = await connect(settings.database_url, size=2, application="cityloop-prepare")
    try:
        await Clients(pool).put(clients(pack))
    finally:
        await pool.close()
    say(f"city pack: {pack.name} {pack.version}, {len(pack.clients)} clients")


async def issue_missing_keys(settings: Settings) -> dict[str, str]:
    """Keys of all clients by id, for one machine's own use: kept in the home folder, readable by its owner only.

    A client whose key is not in that file gets a new one (the database knows hashes only).
    """
    path = keys_file(settings)
    known: dict[str, str] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    pool = await connect(settings.database_url, size=2, application="cityloop-keys")
    try:
        registry = Clients(pool)
        present = await registry.recognised(known)
        for client in await registry.ids():
            if client not in present:
                issued = await registry.issue(client)
                if issued is not None:
                    known[client] = issued
    finally:
        await pool.close()
    path.touch(mode=0o600)
    path.write_text(json.dumps(known, indent=1), encoding="utf-8")
    return known


def keys_file(settings: Settings) -> Path:
    """Where the keys of one machine's own clients are kept."""
    return settings.home / "keys.json"
