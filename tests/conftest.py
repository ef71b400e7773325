"""Fixtures shared by all tests: the real broker and the real database, started once a session."""

import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

with warnings.catch_warnings():
    # kafka-python reads its protocol files by deprecated calls, once, while it is imported for the first time.
    warnings.filterwarnings("ignore", "(read|open)_text is deprecated", DeprecationWarning)
    from runtime.embedded import EmbeddedKafka, EmbeddedPostgres

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def jar_cache() -> Path:
    """Where the Kafka jars are kept between runs."""
    return ROOT / ".cache" / "kafka"


@pytest.fixture(scope="session")
def server_home() -> Iterator[Path]:
    """A directory for the servers' data. Not pytest's own: that one is closed to the user PostgreSQL runs as."""
    home = Path(tempfile.mkdtemp(prefix="cityloop-tests-"))
    home.chmod(0o755)
    yield home
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def kafka_bootstrap(server_home: Path, jar_cache: Path) -> Iterator[str]:
    """Address of a broker: the one CITYLOOP_KAFKA_BOOTSTRAP names, else an embedded one."""
    given = os.environ.get("CITYLOOP_KAFKA_BOOTSTRAP")
    if given:
        yield given
        return
    with EmbeddedKafka(server_home / "kafka", jar_cache) as broker:
        yield broker.bootstrap


@pytest.fixture(scope="session")
def postgres_dsn(server_home: Path) -> Iterator[str]:
    """Address of a database: the one CITYLOOP_DATABASE_URL names, else an embedded one."""
    given = os.environ.get("CITYLOOP_DATABASE_URL")
    if given:
        yield given
        return
    with EmbeddedPostgres(server_home / "postgres") as database:
        yield database.dsn
