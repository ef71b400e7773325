"""Everything a newcomer can get wrong on a machine, each as one finding with its remedy (``cityloop doctor``)."""

import asyncio
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from domain.errors import CityloopError
from runtime.embedded.server import port_is_free
from runtime.settings import ROOT, Settings
from runtime.wiring import read_pack
from store.migrate import pending
from streams.topics import missing_topics

_ROOM = 2 * 1024**3


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at, whether it is well, and what to do if not."""

    what: str
    well: bool
    says: str


def examine(settings: Settings) -> list[Finding]:
    """Look at everything; a look that itself fails is a finding."""
    checks: dict[str, Callable[[], str]] = {
        "city pack": partial(_pack, settings),
        "disk": partial(_disk, settings),
        **dict(_kafka(settings)),
        **dict(_database(settings)),
        **{f"port {port}": partial(_port, port) for port in _wanted_ports(settings)},
    }
    return [_look(what, check) for what, check in checks.items()]


def _look(what: str, check: Callable[[], str]) -> Finding:
    try:
        return Finding(what, True, check())
    except CityloopError as error:
        places = "".join(f"; {f.pointer} {f.code}" for f in error.faults[:5])
        return Finding(what, False, f"{error.title}: {error.detail or error.code}{places}")
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        return Finding(what, False, str(error))


def _pack(settings: Settings) -> str:
    pack = read_pack(settings)
    return f"{pack.name} {pack.version}, {len(pack.warnings)} warnings"


def _disk(settings: Settings) -> str:
    home = next(p for p in (settings.home, *settings.home.parents) if p.exists())
    free = shutil.disk_usage(home).free
    if free < _ROOM:
        raise ValueError(f"only {free // 2**20} MB free at {home}; make at least {_ROOM // 2**20} MB free")
    return f"{free // 2**30} GB free at {home}"


def _kafka(settings: Settings) -> Iterator[tuple[str, Callable[[], str]]]:
    if settings.kafka_bootstrap:
        yield "Kafka", partial(_topics, settings)
        return
    yield "Java", _java
    if not any((ROOT / ".cache" / "kafka").glob("*/*.jar")):
        yield "Maven", partial(_program, "mvn", "install Maven: it fetches the broker's jars once")


def _topics(settings: Settings) -> str:
    missing = asyncio.run(missing_topics(settings.kafka_bootstrap, settings.topic_prefix))
    if missing:
        raise ValueError(f"topics are missing ({', '.join(missing)}); run 'cityloop prepare'")
    return f"{settings.kafka_bootstrap} answers and has all topics"


def _java() -> str:
    _program("java", "install Java 17 or newer for the embedded broker, or set CITYLOOP_KAFKA_BOOTSTRAP")
    said = subprocess.run(["java", "-version"], capture_output=True, text=True, timeout=20, check=True).stderr  # noqa: S607
    version = said.partition('"')[2].partition('"')[0]
    if not version.partition(".")[0].isdigit() or int(version.partition(".")[0]) < 17:
        raise ValueError(f"Java {version or 'of unknown version'} found; the embedded broker needs 17 or newer")
    return version


def _program(name: str, remedy: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise ValueError(f"{name} not found: {remedy}")
    return found


def _database(settings: Settings) -> Iterator[tuple[str, Callable[[], str]]]:
    if settings.database_url:
        yield "PostgreSQL", partial(_schema, settings)


def _schema(settings: Settings) -> str:
    waiting = asyncio.run(pending(settings.database_url))
    if waiting:
        raise ValueError(f"{len(waiting)} migrations are missing; run 'cityloop prepare'")
    return "answers and has the current schema"


def _wanted_ports(settings: Settings) -> list[int]:
    return [p for p in (settings.api_port, settings.kafka_port, settings.postgres_port) if p]


def _port(port: int) -> str:
    if not port_is_free(port):
        raise ValueError(f"port {port} is taken; stop the program that listens there or set another port")
    return "free"
