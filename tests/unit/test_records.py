"""The wire contracts, version 1: what is understood, what is refused and where, and that nothing else can happen.

``tests/contracts/*.json`` are golden: a change that breaks one breaks senders in the field, and needs a version 2.
"""

import json
from collections.abc import Callable
from copy import deepcopy
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.catalogue import Kind, Urgency
from domain.errors import Fault, Invalid
from domain.ids import ReportId
from domain.place import Crs, Point
from domain.report import Contact, Report, Source
from handlers.sensor_records import Tick
from streams.messages import MESSAGE_CONTRACTS
from streams.raw import Raw
from streams.records import alarm_report, hotline_report, inspector_report, work_ids, work_record
from streams.sensors import parse_sensors
from streams.topics import ALARM, FILE_WORK, HOTLINE, INSPECTOR, SENSOR_READINGS, TICK_CONTRACT

GOLDEN = Path(__file__).resolve().parents[1] / "contracts"
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
NEW = ReportId(UUID(int=7))

Reader = Callable[[bytes | None, datetime, ReportId], Report]
READERS: dict[str, Reader] = {
    HOTLINE.contract: hotline_report,
    INSPECTOR.contract: inspector_report,
    ALARM.contract: alarm_report,
}
REQUIRED = {
    HOTLINE.contract: {"centre", "ticket_no", "called_at", "text"},
    INSPECTOR.contract: {"inspector", "report_no", "captured_at", "position", "category"},
    ALARM.contract: {"platform", "alarm_id", "device", "raised_at", "position", "category"},
}


def golden(contract: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((GOLDEN / f"{contract}.json").read_text(encoding="utf-8"))
    return found


def read(contract: str, record: Any) -> Report:
    value = record if isinstance(record, bytes) else json.dumps(record, ensure_ascii=False).encode()
    return READERS[contract](value, NOW, NEW)


def refused(contract: str, record: Any) -> Invalid:
    with pytest.raises(Invalid) as caught:
        read(contract, record)
    return caught.value


# --- The golden records


def test_every_contract_has_its_golden_record() -> None:
    assert {path.stem for path in GOLDEN.glob("*.json")} == {
        *READERS,
        *MESSAGE_CONTRACTS,
        *SENSOR_READINGS.contracts,
        FILE_WORK.contract,
    }


def test_a_hotline_ticket_is_understood() -> None:
    assert read(HOTLINE.contract, golden(HOTLINE.contract)) == Report(
        id=NEW,
        source=Source.HOTLINE,
        origin="hotline:12345",
        origin_key="20261116-000123",
        received_at=NOW,
        occurred_at=datetime(2026, 11, 16, 1, 12, 30, tzinfo=UTC),
        text="中山路和解放路路口的污水井盖不见了，很危险",
        address="中山路与解放路交叉口",
        area_names=("临湖区", "望湖街道"),
        point=Point(113.9512345, 27.9312345, Crs.GCJ02),
        category="01002",
        kind=Kind.COMPONENT,
        condition="01002-1",
        urgency=Urgency.URGENT,
        contact=Contact("某女士", "13900000000"),
        extra={"appeal": "help"},
    )


def test_an_inspectors_report_is_understood() -> None:
    assert read(INSPECTOR.contract, golden(INSPECTOR.contract)) == Report(
        id=NEW,
        source=Source.INSPECTOR,
        origin="inspector:wg-0417",
        origin_key="wg-0417-20261116-07",
        received_at=NOW,
        occurred_at=datetime(2026, 11, 16, 1, 12, 30, tzinfo=UTC),
        text="垃圾约两平方米",
        address="柳岸社区公厕旁",
        point=Point(113.9512345, 27.9312345, Crs.CGCS2000),
        category="06010",
        condition="06010-1",
    )


def test_an_alarm_is_understood() -> None:
    assert read(ALARM.contract, golden(ALARM.contract)) == Report(
        id=NEW,
        source=Source.ALARM,
        origin="alarm:iot-yunhu",
        origin_key="A-7781203",
        received_at=NOW,
        occurred_at=datetime(2026, 11, 15, 19, 44, 5, 250_000, tzinfo=UTC),
        text="液位 4.8 m，超警戒 0.3 m",
        point=Point(113.9512345, 27.9312345, Crs.WGS84),
        category="01002",
        kind=Kind.COMPONENT,
        condition="01002-4",
        urgency=Urgency.CRITICAL,
        extra={"device": "manhole-00417"},
    )


def test_work_is_understood() -> None:
    ids = golden(FILE_WORK.contract)["ids"]
    assert work_ids(json.dumps({"ids": ids}).encode()) == [UUID(each) for each in ids]
    assert work_ids(work_record([UUID(each) for each in ids])) == [UUID(each) for each in ids]


def test_a_tick_is_understood() -> None:
    value = (GOLDEN / f"{TICK_CONTRACT}.json").read_bytes()
    raw = Raw("", 3, 70, None, (("schema", TICK_CONTRACT.encode()),), value, 0)
    assert parse_sensors(raw) == (Tick(3, 70, 1_794_791_550_250),)


# --- What is missing, of the wrong type, or too much


EACH = [(contract, name) for contract in READERS for name in golden(contract)]


@pytest.mark.parametrize(("contract", "name"), EACH)
def test_a_missing_field_is_named_or_has_a_default(contract: str, name: str) -> None:
    record = golden(contract)
    del record[name]
    if name not in REQUIRED[contract]:
        read(contract, record)
        return
    error = refused(contract, record)
    assert (error.code, error.faults[0].pointer) == ("field-missing", f"/{name}")


@pytest.mark.parametrize(("contract", "name"), EACH)
@pytest.mark.parametrize("wrong", [True, 7, 1.5, [], {}, [7], None, ["a", 7]], ids=repr)
def test_a_field_of_the_wrong_type_is_named(contract: str, name: str, wrong: Any) -> None:
    record = golden(contract) | {name: wrong}
    if (name, wrong) in (("areas", []), ("caller", {})) or (wrong is None and name in _NULLABLE[contract]):
        read(contract, record)
        return
    error = refused(contract, record)
    assert error.code in ("type-mismatch", "field-missing")
    assert error.faults[0].pointer.startswith(f"/{name}")


_NULLABLE = {
    HOTLINE.contract: {"position", "category", "condition", "caller"},
    INSPECTOR.contract: {"condition"},
    ALARM.contract: {"condition"},
}


@pytest.mark.parametrize("contract", READERS)
def test_what_is_extra_is_not_heard(contract: str) -> None:
    record = golden(contract)
    extended = deepcopy(record) | {"is_admin": True, "新字段": {"a": [1, None]}}
    extended["position"]["altitude"] = 12.5
    assert read(contract, extended) == read(contract, record)


@pytest.mark.parametrize("contract", READERS)
@pytest.mark.parametrize(
    ("value", "code"),
    [
        (b"", "json-invalid"),
        (b"{", "json-invalid"),
        (b"not json", "json-invalid"),
        (b"[]", "body-not-object"),
        (b'"x"', "body-not-object"),
        (b"null", "body-not-object"),
        (b"\xff\xfe\x00", "json-invalid"),
        (b"\xef\xbb\xbf{}", "field-missing"),
        (b"[" * 100_000, "json-too-deep"),
        (b'{"a":' * 100_000, "json-too-deep"),
        (b'{"x":NaN}', "number-not-finite"),
        (b'{"x":' + b"9" * 5000 + b"}", "number-too-long"),
        (b'{"x":' + b"9" * 30 + b"}", "number-out-of-range"),
        ('{"text":"井盖"}'.encode("gbk"), "json-invalid"),
    ],
    ids=lambda value: repr(value)[:24],
)
def test_what_is_not_a_record_is_refused(contract: str, value: bytes, code: str) -> None:
    assert refused(contract, value).code == code


@pytest.mark.parametrize("reader", [hotline_report, inspector_report, alarm_report])
def test_an_empty_record_is_refused(reader: Reader) -> None:
    with pytest.raises(Invalid, match="json-invalid"):
        reader(None, NOW, NEW)
    with pytest.raises(Invalid, match="json-invalid"):
        work_ids(None)


@pytest.mark.parametrize(
    ("changes", "code", "pointer"),
    [
        ({"text": "   "}, "text-empty", "/text"),
        ({"text": "长" * 4001}, "text-too-long", "/text"),
        ({"text": "a\x00b"}, "text-control-char", "/text"),
        ({"address": "x" * 257}, "text-too-long", "/address"),
        ({"address": "a\x07"}, "text-control-char", "/address"),
        ({"areas": ["a\x00"]}, "text-control-char", "/areas/0"),
        ({"ticket_no": " "}, "text-empty", "/ticket_no"),
        ({"ticket_no": "a\x00"}, "text-control-char", "/ticket_no"),
        ({"ticket_no": "9" * 65}, "text-too-long", "/ticket_no"),
        ({"centre": ""}, "text-empty", "/centre"),
        ({"caller": {"name": "a\x00"}}, "text-control-char", "/caller/name"),
        ({"caller": {"phone": 139}}, "type-mismatch", "/caller/phone"),
        ({"called_at": "2026-11-16T09:00:00"}, "timestamp-no-offset", "/called_at"),
        ({"called_at": "2026-11-16"}, "timestamp-no-offset", "/called_at"),
        ({"called_at": 1763712000}, "type-mismatch", "/called_at"),
        ({"called_at": "2099-01-01T00:00:00Z"}, "timestamp-in-future", "/called_at"),
        ({"called_at": "1970-01-01T00:00:00Z"}, "timestamp-out-of-range", "/called_at"),
        ({"called_at": "0001-01-01T00:00:00+14:00"}, "timestamp-out-of-range", "/called_at"),
        ({"called_at": "9999-12-31T23:59:59-14:00"}, "timestamp-in-future", "/called_at"),
        ({"position": {"lon": "113.9", "lat": 27.9, "crs": "GCJ02"}}, "type-mismatch", "/position/lon"),
        ({"caller": {"phone": "请回电"}}, "phone-invalid", "/caller/phone"),
        ({"caller": {"name": "某\u200b女士"}}, "text-invisible-char", "/caller/name"),
        ({"ticket_no": "T\u202e1"}, "text-invisible-char", "/ticket_no"),
        ({"urgency": "yesterday"}, "type-mismatch", "/urgency"),
        ({"kind": "thing"}, "type-mismatch", "/kind"),
    ],
    ids=lambda value: str(value)[:48],
)
def test_a_value_that_cannot_be_is_refused_where_it_stands(changes: dict[str, Any], code: str, pointer: str) -> None:
    error = refused(HOTLINE.contract, golden(HOTLINE.contract) | changes)
    assert (error.code, error.faults[0].pointer) == (code, pointer)


def test_a_number_too_large_for_a_float_is_refused() -> None:
    text = json.dumps(golden(ALARM.contract)).replace("113.9512345", "1e999")
    assert refused(ALARM.contract, text.encode()).code in ("type-mismatch", "number-not-finite", "json-invalid")


@pytest.mark.parametrize("name", ["centre", "category", "condition"])
def test_codes_are_cleaned_like_text(name: str) -> None:
    assert refused(HOTLINE.contract, golden(HOTLINE.contract) | {name: "a\x00b"}).code == "text-control-char"


SECRET = "张三丰 13912345678"  # noqa: S105  (a person's)


@pytest.mark.parametrize("name", ["urgency", "kind", "category", "centre", "text", "address"])
def test_a_refusal_repeats_nothing_a_person_wrote(name: str) -> None:
    record = golden(HOTLINE.contract) | {name: SECRET * 2000}
    told = refused(HOTLINE.contract, record)
    if name not in ("urgency", "kind"):
        assert SECRET not in f"{told} {told.faults}"


@pytest.mark.parametrize("name", ["urgency", "kind"])
@pytest.mark.parametrize("value", [SECRET, "x" * 1_000_000], ids=["secret", "a megabyte"])
def test_the_hint_of_an_unknown_word_does_not_repeat_it(name: str, value: str) -> None:
    told = refused(HOTLINE.contract, golden(HOTLINE.contract) | {name: value})
    said = f"{told} {told.faults}"
    assert value[:10] not in said
    assert len(said) < 500


# --- Whatever may come


_words = st.text(st.characters(exclude_categories=("Cs", "Cc", "Cf", "Zs", "Zl", "Zp")), min_size=1, max_size=60)
_moments = st.datetimes(
    datetime(2000, 1, 2),  # noqa: DTZ001  (the strategy adds the zone)
    datetime(2026, 11, 20),  # noqa: DTZ001
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=8))]),
)
_positions = st.builds(
    lambda lon, lat, crs: {"lon": lon, "lat": lat, "crs": crs},
    st.floats(73.5, 135.0),
    st.floats(18.0, 53.5),
    st.sampled_from([crs.value for crs in Crs]),
)
_tickets = st.fixed_dictionaries(
    {"centre": _words, "ticket_no": _words, "called_at": _moments.map(datetime.isoformat), "text": _words},
    optional={
        "address": _words,
        "areas": st.lists(_words, max_size=6),
        "position": _positions,
        "category": _words,
        "condition": _words,
        "kind": st.sampled_from([kind.value for kind in Kind]),
        "urgency": st.sampled_from([urgency.value for urgency in Urgency]),
        "caller": st.fixed_dictionaries(
            {}, optional={"name": _words, "phone": st.from_regex(r"1[0-9]{10}|0[0-9]{2,3}-[0-9]{7,8}", fullmatch=True)}
        ),
    },
)


@given(_tickets)
@settings(max_examples=150, deadline=None)
def test_every_good_ticket_comes_through_as_it_was_sent(ticket: dict[str, Any]) -> None:
    report = read(HOTLINE.contract, ticket)
    assert (report.origin, report.origin_key) == (f"hotline:{ticket['centre']}", ticket["ticket_no"])
    assert report.text == ticket["text"]
    assert report.occurred_at == datetime.fromisoformat(ticket["called_at"])
    assert list(report.area_names) == ticket.get("areas", [])
    assert report.category == ticket.get("category")
    assert report.urgency == ticket.get("urgency", "normal")
    if "position" in ticket:
        assert report.point is not None
        sent = ticket["position"]
        assert report.point == Point(round(sent["lon"], 7), round(sent["lat"], 7), Crs(sent["crs"]))
    assert (report.contact is None) == ("caller" not in ticket)


def faults_of(contract: str, value: bytes) -> tuple[Fault, ...]:
    """What is wrong with a record; anything but ``Invalid`` is not caught here."""
    try:
        READERS[contract](value, NOW, NEW)
    except Invalid as error:
        return error.faults or (Fault("", error.code),)
    return ()


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=8,
)


@pytest.mark.parametrize("contract", READERS)
@given(data=st.data())
@settings(max_examples=120, deadline=None)
def test_a_spoilt_record_is_invalid_and_nothing_else(contract: str, data: st.DataObject) -> None:
    record = golden(contract)
    for name in data.draw(st.sets(st.sampled_from(sorted(record)), max_size=3)):
        record[name] = data.draw(_json)
    value = bytearray(json.dumps(record).encode())
    for _ in range(data.draw(st.integers(0, 3))):
        value[data.draw(st.integers(0, len(value) - 1))] = data.draw(st.integers(0, 255))
    for fault in faults_of(contract, bytes(value)):
        assert fault.code
        assert fault.pointer == "" or fault.pointer.startswith("/")


@given(st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_bytes_at_all_are_invalid_and_nothing_else(value: bytes) -> None:
    for reader in (*READERS.values(), lambda raw, *_: work_ids(raw)):
        with pytest.raises(Invalid):
            reader(value, NOW, NEW)


@given(st.lists(st.uuids(), max_size=50))
def test_work_goes_there_and_back(ids: list[UUID]) -> None:
    assert work_ids(work_record(ids)) == ids
