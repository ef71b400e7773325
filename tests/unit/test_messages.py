"""Call centres' messages: understood as meant, refused by name, and asking only what the law can answer."""

import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.actor import Actor, Role
from domain.attachment import AttachmentId
from domain.case import State
from domain.commands import Said, Verb
from domain.errors import Invalid
from domain.ids import ReportId
from domain.message import Message, MessageKind, on_cases, on_ticket
from domain.place import Crs, Point
from domain.table import TABLE
from domain.ticket_events import TicketVerb
from domain.ticket_law import TABLE as TICKET_TABLE
from streams.messages import MESSAGE_CONTRACTS, message_key, parse_message
from streams.raw import Raw
from streams.topics import MESSAGES
from tests.build import a_case

GOLDEN = Path(__file__).resolve().parents[1] / "contracts"
REQUIRED = {"centre", "ticket_no", "message_id", "sent_at"}
VERDICTS = {"contacted", "solved", "satisfied"}
SUPPLEMENT, URGE, WITHDRAW, SATISFACTION = MESSAGE_CONTRACTS


def golden(contract: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((GOLDEN / f"{contract}.json").read_text(encoding="utf-8"))
    return found


def raw(contract: str, record: Mapping[str, Any] | bytes, key: bytes | None = None) -> Raw:
    value = record if isinstance(record, bytes) else json.dumps(record, ensure_ascii=False).encode()
    route = message_key("12345", "20261116-000123") if key is None else key
    return Raw("t", 2, 7, route, (("schema", contract.encode()),), value, 0)


def read(contract: str, record: Mapping[str, Any] | bytes) -> Message:
    (received,) = parse_message(raw(contract, record))
    assert received.record == ("t", 2, 7)
    return received.message


def refused(contract: str, record: Mapping[str, Any] | bytes, key: bytes | None = None) -> tuple[str, str]:
    with pytest.raises(Invalid) as caught:
        parse_message(raw(contract, record, key))
    return caught.value.code, caught.value.faults[0].pointer if caught.value.faults else ""


def test_the_topic_takes_these_contracts_and_no_others() -> None:
    assert MESSAGES.contracts == tuple(MESSAGE_CONTRACTS)
    with pytest.raises(Invalid, match="schema-unsupported"):
        parse_message(raw("hotline-ticket.v1", golden(URGE)))
    assert parse_message(raw(f"{URGE}.3", golden(URGE)))


def test_a_supplement_is_understood() -> None:
    assert read(SUPPLEMENT, golden(SUPPLEMENT)) == Message(
        kind=MessageKind.SUPPLEMENT,
        client="hotline:12345",
        key="20261116-000123-B1",
        ticket_no="20261116-000123",
        sent_at=datetime(2026, 11, 16, 2, 2, 11, tzinfo=UTC),
        words="井盖在公交站牌往东五米，旁边有小学",
        photos=(AttachmentId(UUID("01a1ffd5-ff3f-7e73-a03f-85f0307fba58")),),
        position=Point(113.9512999, 27.9312001, Crs.GCJ02),
    )


def test_the_other_kinds_are_understood() -> None:
    assert read(URGE, golden(URGE)).kind is MessageKind.URGE
    assert read(WITHDRAW, golden(WITHDRAW)).reason == "caller-withdrew"
    assert read(SATISFACTION, golden(SATISFACTION)).said == Said(True, True, False)


EACH = [(contract, name) for contract in MESSAGE_CONTRACTS for name in golden(contract)]


@pytest.mark.parametrize(("contract", "name"), EACH)
def test_a_missing_field_is_named_or_has_a_default(contract: str, name: str) -> None:
    record = golden(contract)
    del record[name]
    if name in REQUIRED | VERDICTS:
        assert refused(contract, record) == ("field-missing", f"/{name}")
    else:
        read(contract, record)


@pytest.mark.parametrize(("contract", "name"), EACH)
@pytest.mark.parametrize("wrong", [7, 1.5, {}, [7], "perhaps"], ids=repr)
def test_a_field_of_the_wrong_type_is_named(contract: str, name: str, wrong: Any) -> None:
    if wrong == "perhaps" and name not in {"sent_at", "position", "photos"} | VERDICTS:
        return
    code, pointer = refused(contract, golden(contract) | {name: wrong})
    assert code in (
        ("timestamp-invalid",) if wrong == "perhaps" and name == "sent_at" else ("type-mismatch", "field-missing")
    )
    assert pointer.startswith(f"/{name}")


@pytest.mark.parametrize("contract", MESSAGE_CONTRACTS)
def test_what_is_extra_is_not_heard(contract: str) -> None:
    record = golden(contract)
    assert read(contract, record | {"role": "admin", "新字段": [1, {"a": None}]}) == read(contract, record)


@pytest.mark.parametrize(
    ("contract", "changes", "expected"),
    [
        (SUPPLEMENT, {"text": " ", "photos": [], "position": None}, ("text-empty", "/text")),
        (SUPPLEMENT, {"photos": [str(UUID(int=n)) for n in range(21)]}, ("too-many-items", "/photos")),
        (SUPPLEMENT, {"photos": ["photo.jpg"]}, ("type-mismatch", "/photos/0")),
        (SUPPLEMENT, {"text": "a\x00b"}, ("text-control-char", "/text")),
        (SUPPLEMENT, {"text": "长" * 4001}, ("text-too-long", "/text")),
        (SUPPLEMENT, {"position": {"lon": 27, "lat": 113, "crs": "GCJ02"}}, ("coordinate-swapped", "/position")),
        (URGE, {"message_id": "a b"}, ("idempotency-key-invalid", "/message_id")),
        (URGE, {"message_id": "a\x00"}, ("text-control-char", "/message_id")),
        (URGE, {"message_id": ""}, ("text-empty", "/message_id")),
        (URGE, {"sent_at": "2026-11-16T09:00:00"}, ("timestamp-no-offset", "/sent_at")),
        (URGE, {"sent_at": "2999-01-01T00:00:00Z"}, ("timestamp-in-future", "/sent_at")),
        (WITHDRAW, {"reason": "x" * 65}, ("text-too-long", "/reason")),
        (WITHDRAW, {"reason": " "}, ("text-empty", "/reason")),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_value_that_cannot_be_is_refused_where_it_stands(
    contract: str, changes: dict[str, Any], expected: tuple[str, str]
) -> None:
    assert refused(contract, golden(contract) | changes) == expected


@pytest.mark.parametrize("key", [b"", b"20261116-000123", b"12345/20261116-000124", b"\xff"])
def test_a_key_that_would_break_the_order_is_refused(key: bytes) -> None:
    assert refused(URGE, golden(URGE), key)[0] == "key-mismatch"


@pytest.mark.parametrize("contract", MESSAGE_CONTRACTS)
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_a_spoilt_record_is_invalid_and_nothing_else(contract: str, data: st.DataObject) -> None:
    value = bytearray(json.dumps(golden(contract)).encode())
    for _ in range(data.draw(st.integers(1, 4))):
        value[data.draw(st.integers(0, len(value) - 1))] = data.draw(st.integers(0, 255))
    with suppress(Invalid):
        assert len(parse_message(raw(contract, bytes(value)))) == 1


# --- What a message asks


REPORT = ReportId(UUID(int=1))


def message(kind: MessageKind, **more: Any) -> Message:
    given: dict[str, Any] = {"words": "电话里说的", "reason": "caller-withdrew", "said": Said(True, False, None)} | more
    return Message(kind, "hotline:12345", "1", "T1", datetime(2026, 11, 16, tzinfo=UTC), **given)


@pytest.mark.parametrize("kind", MessageKind)
def test_what_is_asked_of_the_ticket_is_the_hotlines_to_ask(kind: MessageKind) -> None:
    command = on_ticket(message(kind), REPORT)
    assert command is not None
    assert command.actor == Actor("hotline:12345", Role.HOTLINE)
    assert command.words == "电话里说的"
    assert any(row.verb is command.verb and Role.HOTLINE in row.actors for row in TICKET_TABLE)


def test_an_urging_without_words_asks_nothing_of_the_ticket() -> None:
    assert on_ticket(message(MessageKind.URGE, words=""), REPORT) is None
    said = on_ticket(message(MessageKind.URGE), REPORT)
    assert said is not None
    assert said.verb is TicketVerb.SUPPLEMENT


VERBS = {
    MessageKind.URGE: Verb.URGE,
    MessageKind.WITHDRAW: Verb.WITHDRAW,
    MessageKind.SATISFACTION: Verb.CALL_BACK,
}


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("kind", MessageKind)
def test_a_case_is_asked_what_may_apply_and_told_nothing_a_caller_said(kind: MessageKind, state: State) -> None:
    case = a_case(state)
    commands = list(on_cases(message(kind), REPORT, [case]))
    applies = {row.source for row in TABLE if row.verb is VERBS.get(kind) and Role.HOTLINE in row.actors}
    if kind is MessageKind.WITHDRAW:
        assert len(commands) == case.open, "the law says where it is too late"
    elif kind is MessageKind.SATISFACTION:
        assert len(commands) == (state is State.CLOSED), "an evaluated case has been called back for"
    else:
        assert len(commands) == (state in applies)
    for command in commands:
        assert (command.verb, command.case, command.actor.role) == (VERBS[kind], case.id, Role.HOTLINE)
        assert "电话里说的" not in repr(command)
