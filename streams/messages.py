"""Wire contracts of what call centres send about their tickets, version 1; bytes become messages, or ``Invalid``.

All kinds share one topic, keyed by centre and ticket, so that those of one ticket keep their order; the ``schema``
header tells them apart.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec

from domain.attachment import MAX_FILES, AttachmentId
from domain.commands import Said
from domain.errors import Invalid, invalid
from domain.message import Message, MessageKind
from domain.report import checked_time, clean_code, clean_text
from handlers.messages import Received
from streams.raw import Raw
from streams.records import Code, Position, point_of
from streams.topics import MESSAGES
from streams.wire import checked_schema, decode


class HotlineMessage(msgspec.Struct, frozen=True, kw_only=True):
    """What all kinds have: the ticket as ``hotline-ticket.v1`` names it, and a number of the message's own."""

    centre: Code
    ticket_no: Code
    message_id: Code
    sent_at: datetime
    text: str = ""


class HotlineSupplement(HotlineMessage, frozen=True, kw_only=True):
    """``hotline-supplement.v1`` (补充): further words, a position, or photos the centre uploaded; at least one of them.

    Photos are ids of attachments.
    """

    position: Position | None = None
    photos: list[UUID] = []


class HotlineUrge(HotlineMessage, frozen=True, kw_only=True):
    """``hotline-urge.v1`` (催单): the caller asks when; the open cases of the ticket are urged."""


class HotlineWithdraw(HotlineMessage, frozen=True, kw_only=True):
    """``hotline-withdraw.v1`` (撤单): the caller takes the ticket back, and the cases while they are not filed.

    ``reason`` is a code, one of the city's where its pack lists them; it is published, the text is not.
    """

    reason: Code = "caller-withdrew"


class HotlineSatisfaction(HotlineMessage, frozen=True, kw_only=True):
    """``hotline-satisfaction.v1`` (回访结果): three verdicts, each null where the caller could not say.

    All three null means that nobody was reached.
    """

    contacted: bool | None
    solved: bool | None
    satisfied: bool | None


MESSAGE_CONTRACTS: Mapping[str, type[HotlineMessage]] = {
    "hotline-supplement.v1": HotlineSupplement,
    "hotline-urge.v1": HotlineUrge,
    "hotline-withdraw.v1": HotlineWithdraw,
    "hotline-satisfaction.v1": HotlineSatisfaction,
}
_decoders = {name: msgspec.json.Decoder(kind) for name, kind in MESSAGE_CONTRACTS.items()}


def message_key(centre: str, ticket_no: str) -> bytes:
    """The record key: all that is about one ticket goes to one partition."""
    return f"{centre}/{ticket_no}".encode()


def parse_message(raw: Raw) -> Sequence[Received]:
    """The message of a record. Raises ``Invalid``."""
    contract = checked_schema(raw.headers, *MESSAGES.contracts)
    sent = decode(_decoders[contract], raw.value)
    if raw.key != message_key(sent.centre, sent.ticket_no):
        raise Invalid(
            "key-mismatch", "消息键与内容不符", "the key is centre/ticket_no: messages of a ticket keep order"
        )
    return (Received(_message(sent, datetime.now(UTC)), (raw.topic, raw.partition, raw.offset)),)


def _message(sent: HotlineMessage, now: datetime) -> Message:
    kind, more = _MEANS[type(sent)](sent)
    return Message(
        kind,
        client=f"hotline:{clean_code(sent.centre, '/centre')}",
        key=_number(sent.message_id),
        ticket_no=clean_code(sent.ticket_no, "/ticket_no"),
        sent_at=checked_time(sent.sent_at, now, "/sent_at"),
        words=clean_text(sent.text, "/text"),
        **more,
    )


def _number(message_id: str) -> str:
    number = clean_code(message_id, "/message_id")
    if " " in number:
        raise invalid("/message_id", "idempotency-key-invalid", "幂等键无效", "a number holds no blanks")
    return number


def _supplement(sent: HotlineSupplement) -> dict[str, Any]:
    if not (sent.text.strip() or sent.position or sent.photos):
        raise invalid("/text", "text-empty", "文本不能为空", "say, place or show something more")
    if len(sent.photos) > MAX_FILES:
        raise invalid("/photos", "too-many-items", "项目过多", f"at most {MAX_FILES} photos")
    return {"position": point_of(sent.position), "photos": tuple(dict.fromkeys(map(AttachmentId, sent.photos)))}


_MEANS: Mapping[type[HotlineMessage], Callable[[Any], tuple[MessageKind, dict[str, Any]]]] = {
    HotlineSupplement: lambda sent: (MessageKind.SUPPLEMENT, _supplement(sent)),
    HotlineUrge: lambda _: (MessageKind.URGE, {}),
    HotlineWithdraw: lambda sent: (MessageKind.WITHDRAW, {"reason": clean_code(sent.reason, "/reason")}),
    HotlineSatisfaction: lambda sent: (
        MessageKind.SATISFACTION,
        {"said": Said(sent.contacted, sent.solved, sent.satisfied)},
    ),
}
