"""The catalogue of bad input against every way in: nothing breaks, and every refusal says what it must and no more."""

from collections.abc import Mapping

import pytest

from handlers.ports import Office
from store.pool import Pool
from tests.front_door import FrontDoor
from tests.vectors.hearing import Log, by_mqtt, judged
from tests.vectors.imports import by_import
from tests.vectors.judge import MAX_REFUSAL
from tests.vectors.line import Line
from tests.vectors.run import by_http, by_kafka, filed, things, vectors


@pytest.fixture(scope="module")
def log() -> Log:
    """What the doors of readings publish."""
    return Log()


@pytest.fixture(scope="module")
async def http(city: FrontDoor, log: Log) -> Mapping[str, Line]:
    """All vectors sent over HTTP."""
    return await by_http(city, vectors(city, await things(city.office)), log)


@pytest.fixture(scope="module")
async def kafka(city: FrontDoor, pool: Pool) -> Mapping[str, Line]:
    """All records through the doors of their topics."""
    return await by_kafka(city.office, pool)


@pytest.fixture(scope="module")
async def mqtt(city: FrontDoor, log: Log) -> Mapping[str, Line]:
    """All messages through the bridge's door."""
    return await by_mqtt(city.office, log)


@pytest.fixture(scope="module")
async def imports(city: FrontDoor) -> Mapping[str, Line]:
    """All files handed in and worked off."""
    return await by_import(city)


def wrong(lines: Mapping[str, Line]) -> list[str]:
    return [f"{intake}: {name}: {'; '.join(why)}" for intake, line in lines.items() for name, why in line.wrong.items()]


async def test_every_request_gets_the_answer_it_should(http: Mapping[str, Line]) -> None:
    assert wrong(http) == []
    assert sum(line.sent for line in http.values()) > 1500, "the catalogue has shrunk"


async def test_every_record_is_taken_or_turned_away_under_its_code(kafka: Mapping[str, Line]) -> None:
    assert wrong(kafka) == []
    assert sum(line.sent for line in kafka.values()) > 600, "the catalogue has shrunk"


async def test_every_message_is_published_or_turned_away_under_its_code(mqtt: Mapping[str, Line]) -> None:
    assert wrong(mqtt) == []
    assert sum(line.sent for line in mqtt.values()) > 300, "the catalogue has shrunk"


async def test_every_file_becomes_what_it_should(imports: Mapping[str, Line]) -> None:
    assert wrong(imports) == []


async def test_no_refusal_is_long_and_none_is_a_breakdown(
    http: Mapping[str, Line], kafka: Mapping[str, Line], mqtt: Mapping[str, Line], imports: Mapping[str, Line]
) -> None:
    lines = (*http.values(), *kafka.values(), *mqtt.values(), *imports.values())
    assert max(line.largest for line in lines) <= MAX_REFUSAL
    assert sum(line.broken for line in lines) == 0


async def test_what_the_doors_let_in_the_office_can_file(
    http: Mapping[str, Line], kafka: Mapping[str, Line], office: Office, pool: Pool
) -> None:
    assert await filed(office, pool) == []


async def test_what_the_doors_publish_the_sensors_worker_can_judge(
    http: Mapping[str, Line], mqtt: Mapping[str, Line], city: FrontDoor, log: Log
) -> None:
    assert await judged(city.office, log) == []
    assert len(log.raws) > 50, "the doors let nothing in"
