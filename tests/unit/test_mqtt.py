"""What the MQTT door makes of topics and payloads, and how it gathers readings into records."""

import json
from collections import defaultdict
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import Invalid
from runtime.mqtt import broker_of
from runtime.settings import Settings
from sensing.wire import Columns
from streams.mqtt import FILTERS, TOGETHER, Item, Ready, parser, raw_of, records, shared
from streams.mqtt_source import Arrived
from streams.raw import Raw
from streams.sensor_wire import parse, read
from streams.topics import DAY_MS
from streams.wire import MAX_VALUE

EIGHT = 1795305600000
OF = {"tilt-1": "gw-1"}


def message(topic: str, body: object, at: int = EIGHT) -> Raw:
    payload = body if isinstance(body, bytes) else json.dumps(body).encode()
    return raw_of("cityloop")(Arrived(1, 7, topic, payload, at))


def item(topic: str, body: object) -> Item:
    (found,) = parser(OF)(message(topic, body))
    return found


def refused(topic: str, body: object) -> str:
    with pytest.raises(Invalid) as caught:
        item(topic, body)
    return caught.value.code


OBSERVED = {"phenomenonTime": "2026-11-22T08:00:01+08:00", "result": 3.5, "resultTime": None, "parameters": {"n": 1}}


@pytest.mark.parametrize(
    ("topic", "gateway", "device"),
    [
        ("v1.1/Datastreams('tilt-1')/Observations", "gw-1", "tilt-1"),
        ("v1.1/Datastreams('tilt-2')/Observations", "tilt-2", "tilt-2"),
        ("v1.1/Datastreams(42)/Observations", "42", "42"),
        ("v1.1/Datastreams('it''s')/Observations", "it's", "it's"),
    ],
)
def test_an_observation_belongs_to_the_gateway_of_its_datastream(topic: str, gateway: str, device: str) -> None:
    assert item(topic, OBSERVED) == Columns(gateway, [device], [EIGHT + 1000], [3.5])


def test_a_state_may_be_a_truth_value_and_a_time_may_be_left_out() -> None:
    assert item("v1.1/Datastreams('door')/Observations", {"result": True}) == Columns("door", ["door"], [EIGHT], [1.0])


@pytest.mark.parametrize(
    ("topic", "code"),
    [
        ("v1.1/Things('tilt-1')/Observations", "mqtt-topic-unknown"),
        ("v1.1/Datastreams(tilt-1)/Observations", "mqtt-topic-unknown"),
        ("v1.1/Datastreams('')/Observations", "mqtt-topic-unknown"),
        ("v1.1/Datastreams('it's')/Observations", "mqtt-topic-unknown"),
        ("v1.1/Observations", "mqtt-topic-unknown"),
        ("", "mqtt-topic-unknown"),
        ("v1.1/Datastreams('a\u200b')/Observations", "text-invisible-char"),
        ("readings/\u202egw", "text-invisible-char"),
    ],
)
def test_a_topic_that_names_nothing_is_told(topic: str, code: str) -> None:
    assert refused(topic, OBSERVED) == code


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "json-invalid"),
        (b"{", "json-invalid"),
        (b"[1]", "body-not-object"),
        ({}, "field-missing"),
        ({"result": None}, "type-mismatch"),
        ({"result": "3.5"}, "type-mismatch"),
        ({"result": [3.5]}, "type-mismatch"),
        (b'{"result":NaN}', "number-not-finite"),
        (b'{"result":1e999}', "number-not-finite"),
        (b'{"result":1,"result":2}', "json-duplicate-key"),
        ({"result": 1, "phenomenonTime": "2026-11-22T08:00:01"}, "timestamp-no-offset"),
        ({"result": 1, "phenomenonTime": "2026-11-22T08:00:00Z/2026-11-22T09:00:00Z"}, "timestamp-invalid"),
        ({"result": 1, "phenomenonTime": EIGHT}, "type-mismatch"),
    ],
)
def test_an_observation_that_cannot_be_used_is_told_by_its_code(body: object, code: str) -> None:
    assert refused("v1.1/Datastreams('tilt-1')/Observations", body) == code


MANY = {"gateway": "gw-9", "devices": ["a", "tilt-1"], "at": [EIGHT, EIGHT + 1], "values": [1, 2.5]}


def test_a_gateways_own_topic_vouches_for_it_whatever_the_register_says() -> None:
    assert item("readings/gw-9", MANY) == Columns("gw-9", ["a", "tilt-1"], [EIGHT, EIGHT + 1], [1.0, 2.5])
    assert refused("readings/gw-1", MANY) == "key-mismatch"


def test_what_is_numbered_or_large_travels_as_it_is() -> None:
    numbered = json.dumps(MANY | {"sequence": 5}).encode()
    assert item("readings/gw-9", numbered) == Ready("gw-9", numbered)
    large = json.dumps({"gateway": "g", "devices": ["d"] * 500, "at": [EIGHT] * 500, "values": [1] * 500}).encode()
    assert item("readings/g", large) == Ready("g", large)


def test_a_reject_can_be_put_back_through_kafka_and_the_same_again_is_the_same() -> None:
    one = message("readings/gw-9", MANY)
    assert len(parse(one)) == 2, "what is kept is the record it might have been"
    assert message("readings/gw-9", MANY, EIGHT + 5) == message("readings/gw-9", MANY, EIGHT + 5)
    places = {
        message("readings/gw-9", MANY).offset,
        message("readings/gw-8", MANY).offset,
        message("readings/gw-9", MANY, EIGHT + DAY_MS).offset,
    }
    assert len(places) == 3
    assert all(0 < place < 2**63 for place in places)


def test_bridges_of_one_name_share() -> None:
    assert shared("city") == tuple(f"$share/city/{name}" for name in FILTERS)


# --- Records

_columns = st.builds(
    lambda gateway, devices, start: Columns(
        gateway, devices, [EIGHT + start + k for k in range(len(devices))], [float(k) for k in range(len(devices))]
    ),
    st.sampled_from(["g1", "g2", "g3"]),
    st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=300),
    st.integers(0, 10**6),
)
_ready = st.builds(
    lambda gateway, number: Ready(
        gateway,
        json.dumps({"gateway": gateway, "devices": ["z"], "at": [number], "values": [1], "sequence": number}).encode(),
    ),
    st.sampled_from(["g1", "g2", "g3"]),
    st.integers(0, 10**6),
)
Told = dict[str, list[tuple[str, int, float]]]


def told(items: Sequence[Item]) -> Told:
    """The readings of every gateway in their order."""
    found: Told = defaultdict(list)
    for one in items:
        if isinstance(one, Ready):
            batch = read(one.body, one.gateway)
            found[one.gateway] += zip(batch.devices, batch.at.tolist(), batch.values.tolist(), strict=True)
        else:
            found[one.gateway] += zip(one.devices, one.at, one.values, strict=True)
    return found


@given(st.lists(_columns | _ready, max_size=30))
@settings(max_examples=100, deadline=None)
def test_no_reading_is_lost_doubled_or_overtaken_by_being_gathered(items: list[Item]) -> None:
    before = told(items)
    made = list(records(items))
    assert told(made) == before
    assert told(items) == before, "a batch that is tried again must be the same"
    assert all(len(read(one.body, one.gateway)) <= TOGETHER for one in made)


def test_readings_of_one_gateway_share_a_record() -> None:
    items = [Columns(f"g{n % 3}", [f"d{n}"], [n], [0.5]) for n in range(3 * TOGETHER + 3)]
    assert sorted(len(read(one.body, one.gateway)) for one in records(items)) == [1, 1, 1, TOGETHER, TOGETHER, TOGETHER]


def test_a_record_stays_within_the_size_of_a_value() -> None:
    long = Columns("g", ["𠮷" * 64] * 2000, [EIGHT] * 2000, [0.1234567890123] * 2000)
    made = list(records([long]))
    assert len(made) > 1
    assert all(len(one.body) <= MAX_VALUE for one in made)
    assert told(made) == told([long])


# --- Settings


@pytest.mark.parametrize(
    ("url", "host", "port", "tls"),
    [
        ("mqtt://broker", "broker", 1883, False),
        ("mqtts://broker", "broker", 8883, True),
        ("mqtt://[::1]:1885/", "::1", 1885, False),
    ],
)
def test_the_settings_name_the_broker_and_each_bridge_its_session(url: str, host: str, port: int, tls: bool) -> None:
    broker = broker_of(Settings(mqtt_url=url, mqtt_user="bridge", mqtt_password="secret"), 3)  # noqa: S106
    assert (broker.host, broker.port, broker.tls, broker.client) == (host, port, tls, "cityloop-bridge-3")
    assert "secret" not in repr(broker)


@pytest.mark.parametrize(
    "wrong",
    [
        Settings(),
        Settings(mqtt_url="http://broker"),
        Settings(mqtt_url="mqtt://"),
        Settings(mqtt_url="mqtt://broker:x"),
        Settings(mqtt_url="mqtt://me:secret@broker"),
        Settings(mqtt_url="mqtt://broker/city"),
        Settings(mqtt_url="mqtt://broker", mqtt_flight=0),
        Settings(mqtt_url="mqtt://broker", mqtt_flight=70_000),
    ],
)
def test_settings_that_name_no_broker_are_told(wrong: Settings) -> None:
    with pytest.raises(Invalid) as caught:
        broker_of(wrong, 0)
    assert caught.value.code == "settings-invalid"
    assert "secret" not in str(caught.value)
