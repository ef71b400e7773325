"""Every intake topic: the golden record of each contract, with its fields, and what may come instead of a record."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

from streams.raw import Raw
from streams.topics import ALARM, FILE_WORK, HOTLINE, INSPECTOR, MESSAGES, Topic
from streams.wire import MAX_VALUE
from tests.vectors.bodies import bodies
from tests.vectors.coordinates import positions
from tests.vectors.intake import ANY, Field, as_json, filled
from tests.vectors.texts import PHONES, WORDS, categories, codes, names, texts
from tests.vectors.times import times
from tests.vectors.values import WRONG_TYPES, Manner, Value, Want, bad

_GOLDEN = Path(__file__).resolve().parents[1] / "contracts"
# what a body is refused for over HTTP and not here, or by another name: fields nobody knows are not heard
_ELSEWHERE = {"charset-unsupported": "json-invalid", "body-too-large": "too-large", "field-unknown": ""}


@dataclass(frozen=True, slots=True)
class Record:
    """One record as a sender publishes it, and what is wanted: the code of its reject, or acceptance with a flag.

    ``pointer`` is where the reject has to point.
    """

    intake: str
    name: str
    topic: Topic
    want: Want
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    key: bytes | None = None
    partition: int = 0
    pointer: str = ""

    def raw(self, offset: int) -> Raw:
        """As it comes from the broker."""
        return Raw(f"cityloop.{self.topic.name}", self.partition, offset, self.key, self.headers, self.value, 0)


@dataclass(frozen=True, slots=True)
class Contract:
    """A contract on a topic, or a ``form`` of it. ``number`` is the field with the sender's own number of the record.

    ``sent`` is a good record where the golden one is of another form.
    """

    name: str
    topic: Topic
    manner: Manner
    number: str
    fields: tuple[Field, ...]
    taken: bool = True
    """Whether good records are sent too."""
    form: str = ""
    sent: Mapping[str, Any] = field(default_factory=dict)
    key: bytes | None = None
    partition: int = 0

    def good(self) -> dict[str, Any]:
        """A good record with a number nobody has used."""
        found = {**self.sent} or json.loads((_GOLDEN / f"{self.name}.json").read_text(encoding="utf-8"))
        return {**found, self.number: uuid4().hex} if self.number else found

    def records(self) -> Iterator[Record]:
        """A record for every value of every field, every body and every header."""
        for one in self.fields:
            for value in one.values:
                want = value.wanted(self.manner)
                if want.code or self.taken:
                    name = f"{one.pointer} {value.name}"
                    record = self._record(name, filled(self.good(), one.path, value.raw), want)
                    yield replace(record, pointer=one.pointer)
        for body in bodies(as_json(self.good()), MAX_VALUE):
            code = _ELSEWHERE.get(body.code, body.code)
            if body.code == "media-type-unsupported" or "named" in body.name or not (code or self.taken):
                continue
            content = body.content
            if not code:  # each under a number of its own
                content = content.replace(_number(content, self.number), uuid4().hex.encode())
            yield self._record(f"value: {body.name}", content, Want(code))
        yield self._record("value: none", None, Want("json-invalid"))
        for name, headers, code in _headers(self.name):
            if code or self.taken:
                yield replace(self._record(f"headers: {name}", as_json(self.good()), Want(code)), headers=headers)

    def _record(self, name: str, value: bytes | None, want: Want) -> Record:
        intake = f"Kafka {self.name}, {self.form}" if self.form else f"Kafka {self.name}"
        return Record(intake, name, self.topic, want, value, _schema(self.name), self.key, self.partition)


def _number(content: bytes, name: str) -> bytes:
    if not name:
        return b"\xff"
    found: str = json.loads(content.removeprefix(b"\xef\xbb\xbf"))[name]
    return found.encode()


def _schema(contract: str) -> tuple[tuple[str, bytes], ...]:
    return (("schema", contract.encode()),)


def _headers(contract: str) -> Iterator[tuple[str, tuple[tuple[str, bytes], ...], str]]:
    good = _schema(contract)
    yield "a newer minor version", (("schema", f"{contract}.7".encode()),), ""
    yield "others beside", (*good, ("trace", b"\xff\xfe")), ""
    yield "none", (), "schema-missing"
    yield "another major version", (("schema", contract.replace(".v1", ".v2").encode()),), "schema-unsupported"
    yield "empty", (("schema", b""),), "schema-unsupported"
    yield "NUL in a value", (*good, ("trace", b"a\0b")), "header-invalid"
    yield "NUL in a name", (*good, ("tr\0ace", b"")), "header-invalid"
    yield "a megabyte", (*good, ("trace", b"x" * 1_000_000)), "header-invalid"


def _in_list(values: tuple[Value, ...]) -> tuple[Value, ...]:
    return tuple(replace(value, raw=f"[{value.raw}]") for value in values)


_TEXTS = (Field(("text",), texts(4000)), Field(("address",), texts(256)))
_WORDS = (Field(("urgency",), WORDS), Field(("kind",), WORDS))
_MESSAGE = (
    Field(("centre",), codes()),
    Field(("ticket_no",), codes()),
    Field(("message_id",), codes()),
    Field(("sent_at",), times()),
    Field(("text",), texts(4000)),
)


def contracts() -> tuple[Contract, ...]:
    """All contracts of the intake topics, and of work among ourselves."""
    hotline = Contract(
        "hotline-ticket.v1",
        HOTLINE,
        Manner.PEOPLE,
        "ticket_no",
        (
            Field(("text",), texts(4000, required=True)),
            Field(("address",), texts(256)),
            *_WORDS,
            Field(("centre",), codes()),
            Field(("ticket_no",), codes()),
            Field(("called_at",), times()),
            Field(("areas",), _in_list(texts(100))),
            Field(("position",), positions(strict=False)),
            Field(("category",), categories()),
            Field(("condition",), codes()),
            Field(("caller", "name"), names(100)),
            Field(("caller", "phone"), PHONES),
            Field(("appeal",), WORDS),
        ),
    )
    inspector = Contract(
        "inspector-report.v1",
        INSPECTOR,
        Manner.PHONE,
        "report_no",
        (
            *_TEXTS,
            *_WORDS,
            Field(("inspector",), codes()),
            Field(("report_no",), codes()),
            Field(("captured_at",), times()),
            Field(("position",), positions(strict=False)),
            Field(("category",), categories()),
            Field(("condition",), (*codes(), bad("of another category", '"01002-1"', "condition-mismatch"))),
        ),
    )
    alarm = Contract(
        "sensor-alarm.v1",
        ALARM,
        Manner.MACHINE,
        "alarm_id",
        (
            _TEXTS[0],
            *_WORDS,
            *(Field((name,), codes()) for name in ("platform", "alarm_id", "device")),
            Field(("raised_at",), times()),
            Field(("position",), positions(strict=False)),
            Field(("category",), categories()),
        ),
    )
    numbers = tuple(replace(each, want=Want(ANY)) for each in (*WRONG_TYPES[:1], bad("a text", '"yes"', ANY)))
    about: Mapping[str, tuple[Field, ...]] = {
        "hotline-supplement.v1": (Field(("position",), positions(strict=False)), Field(("photos",), _in_list(WORDS))),
        "hotline-urge.v1": (),
        "hotline-withdraw.v1": (Field(("reason",), codes()),),
        "hotline-satisfaction.v1": (Field(("solved",), numbers),),
    }
    messages = (
        Contract(
            name,
            MESSAGES,
            Manner.MACHINE,
            "",
            (*_strict(_MESSAGE), *more),
            taken=False,
            key=b"12345/20261116-000123",
        )
        for name, more in about.items()
    )
    work = Contract("work.v1", FILE_WORK, Manner.MACHINE, "", (Field(("ids",), _in_list(WORDS)),), taken=False)
    return hotline, inspector, alarm, *messages, work


def _strict(fields: tuple[Field, ...]) -> tuple[Field, ...]:
    """With the key that belongs to it spoilt too, what names the ticket is refused for either reason."""
    return tuple(
        replace(one, values=tuple(replace(v, want=Want(ANY)) if v.want.code else v for v in one.values))
        if one.path in (("centre",), ("ticket_no",))
        else replace(one, values=tuple(v for v in one.values if v.want.flag != "clock-suspect"))
        for one in fields
    )
