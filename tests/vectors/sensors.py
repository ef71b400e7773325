"""Readings from Kafka and MQTT: both forms of ``sensor-readings.v1``, and observations in the words of SensorThings."""

from collections.abc import Iterator
from dataclasses import replace

from streams.sensor_state import partition_of_gateway
from streams.topics import SENSOR_READINGS, TICK_CONTRACT
from tests.vectors.intake import Field
from tests.vectors.kafka import Contract, Record
from tests.vectors.readings import AT, BITS, GATEWAY, GAUGE, MILLISECONDS, NO_STATE, RESULTS, STATE, among, instants
from tests.vectors.texts import codes
from tests.vectors.values import CANARY, NUMBERS, Manner, Value, Want, bad, good, said

_KEY = GATEWAY.encode()
_MS = 1795305600000
_NOT_A_LIST = (bad("a text instead of a list", said(CANARY), "type-mismatch"), bad("null", "null", "field-missing"))
_SEQUENCE = (
    *(bad(name, raw, code) for name, raw, code in NUMBERS if name != "null"),
    bad("minus one", "-1", "number-out-of-range"),
    bad("a half", "1.5", "type-mismatch"),
    good("null", "null"),
)


def _absent(values: tuple[Value, ...]) -> tuple[Value, ...]:
    """On this wire null is as good as a field left out."""
    return tuple(replace(each, want=Want("field-missing")) if each.raw == "null" else each for each in values)


def forms() -> tuple[Contract, ...]:
    """One reading, and columns of many."""
    gateway = Field(("gateway",), (*codes(), bad("another", '"gw-18"', "key-mismatch")))
    sequence = Field(("sequence",), _SEQUENCE)
    one = Contract(
        "sensor-readings.v1",
        SENSOR_READINGS,
        Manner.MACHINE,
        "",
        (
            gateway,
            sequence,
            Field(("device",), (*codes(), bad("null", "null", "field-missing"))),
            Field(("at",), (*instants(), bad("null", "null", "field-missing"))),
            Field(("value",), _absent((*RESULTS, BITS, NO_STATE))),
            Field(("values",), (bad("columns beside", "[1]", "readings-mixed"), good("null", "null"))),
        ),
        form="one",
        sent={"gateway": GATEWAY, "device": GAUGE, "at": AT, "value": 0.42},
        key=_KEY,
        partition=partition_of_gateway(GATEWAY),
    )
    uneven = (bad("two of one", "[1,2]", "readings-uneven"), bad("none", "[]", "readings-uneven"))
    many = ",".join(["1"] * 10_001)
    columns = (
        gateway,
        sequence,
        Field(("devices",), among(codes()), at="/devices/0"),
        Field(("at",), among(MILLISECONDS), at="/at/0"),
        Field(("values",), among((*RESULTS, BITS, NO_STATE)), at="/values/0"),
        *(Field((name,), (*_NOT_A_LIST, *uneven)) for name in ("devices", "at", "values")),
        Field(("values",), (bad("10,001", f"[{many}]", "too-many-items"),)),
        Field(("value",), (bad("one beside", "1", "readings-mixed"), good("null", "null"))),
    )
    sent = {"gateway": GATEWAY, "devices": [GAUGE], "at": [_MS], "values": [0.42]}
    return one, replace(one, form="many", fields=columns, sent=sent)


def contracts() -> Iterator[Contract]:
    """What travels on the readings' topic; of the clock's ticks only what is refused."""
    yield from forms()
    ticks = instants()
    yield Contract(TICK_CONTRACT, SENSOR_READINGS, Manner.MACHINE, "", (Field(("at",), ticks),), taken=False)


def keys() -> Iterator[Record]:
    """Records of one gateway under keys and on partitions that are not its own."""
    for form in forms():
        record = next(each for each in form.records() if each.name == "value: as it should be")
        for name, key in (
            ("none", None), ("empty", b""), ("another gateway's", b"gw-18"), ("in GBK", "网关".encode("gbk")),
            ("blanks around", b" gw-17 "), ("a person's words", CANARY.encode()), ("NUL", b"gw\0"),
        ):  # fmt: skip
            yield replace(record, name=f"key: {name}", key=key, want=Want("key-mismatch"))
        yield replace(record, name="partition: another", partition=record.partition ^ 1, want=Want("partition-wrong"))


def messages() -> Iterator[tuple[str, Record]]:
    """MQTT topics with payloads: what a gateway publishes is what it might have sent to Kafka."""
    for form in forms():
        yield from _published(form, f"readings/{GATEWAY}", f"readings/…, {form.form}")
    observation = Contract(
        "",
        SENSOR_READINGS,
        Manner.MACHINE,
        "",
        (
            Field(("phenomenonTime",), (*instants(), good("null", "null"))),
            Field(("result",), (*RESULTS, STATE)),
            Field(("resultTime",), (good("not heard", said(CANARY)),)),
        ),
        sent={"phenomenonTime": AT, "result": 0.42},
    )
    yield from _published(observation, f"v1.1/Datastreams('{GAUGE}')/Observations", "Datastreams(…)/Observations")
    for name, topic, code in (
        ("nothing", "", "mqtt-topic-unknown"), ("words", CANARY, "mqtt-topic-unknown"),
        ("a gateway of two levels", "readings/a/b", "mqtt-topic-unknown"),
        ("a gateway without name", "readings/", "mqtt-topic-unknown"),
        ("another collection", "v1.1/Things('x')/Observations", "mqtt-topic-unknown"),
        ("an id without marks", f"v1.1/Datastreams({CANARY})/Observations", "mqtt-topic-unknown"),
        ("an id that nobody sees", "v1.1/Datastreams('\u200b')/Observations", "text-invisible-char"),
        ("an id with a bell", f"v1.1/Datastreams('{CANARY}\a')/Observations", "text-control-char"),
        ("an id turned round", "v1.1/Datastreams('x\u202ey')/Observations", "text-invisible-char"),
        ("an id too long", f"v1.1/Datastreams('{CANARY * 20}')/Observations", "text-too-long"),
        ("a blank id", "v1.1/Datastreams(' ')/Observations", "text-empty"),
        ("a gateway that nobody sees", "readings/\ufeff", "text-invisible-char"),
        ("a gateway too long", f"readings/{'x' * 65}", "text-too-long"),
    ):  # fmt: skip
        record = next(iter(observation.records()))
        yield topic, replace(record, intake="MQTT topics", name=name, want=Want(code), pointer="")


def _published(form: Contract, topic: str, intake: str) -> Iterator[tuple[str, Record]]:
    """A form's records as payloads; a message has no headers of ours, and a payload that is none is empty."""
    for record in form.records():
        if not record.name.startswith("headers: "):
            name = record.name.replace("value: ", "payload: ")
            yield topic, replace(record, intake=f"MQTT {intake}", name=name, value=record.value or b"")
