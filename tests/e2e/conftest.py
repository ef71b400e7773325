"""What the drills of bench/reliability need of the tests' servers."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bench.reliability.town import Ground
from tests.conftest import fresh_database


@pytest.fixture
async def ground(postgres_dsn: str, kafka_bootstrap: str, server_home: Path) -> AsyncIterator[Ground]:
    """A database of its own on the tests' servers."""
    async with fresh_database(postgres_dsn) as dsn:
        yield Ground(dsn, kafka_bootstrap, server_home)
