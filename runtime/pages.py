"""The pages of docs/ that are made from the code: settings, metrics, topics, errors. Tests compare page and code.

``python -m runtime.pages`` writes them anew after a change.
"""

import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import MISSING, Field, fields
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
from msgspec.inspect import type_info
from prometheus_client import Counter, Histogram

from api.errors import STATUS_BY_CODE, STATUS_BY_FAMILY
from domain.errors import Invalid
from domain.jsontext import MAX_DEPTH
from domain.report import MAX_TEXT
from runtime.asyncapi import asyncapi_page
from runtime.contracts import CONTRACTS, REPORT_EVENT
from runtime.remedies import DOORS, FILES, START, Found, found
from runtime.settings import MEANINGS, PREFIX, ROOT, Settings
from runtime.telemetry import BUCKETS, METRICS
from store.events import Entry, Position
from streams.relay import REACTIONS, event_record
from streams.topics import (
    ALERTS,
    CASE_EVENTS,
    HOTLINE,
    MESSAGES,
    SENSOR_READINGS,
    SENSOR_STATE,
    TICK_CONTRACT,
    TICKET_CONTRACT,
    TOPICS,
)
from streams.wire import MAX_HEADERS, MAX_VALUE

DOCS = ROOT / "docs"
_MADE = "Made from the code by `python -m runtime.pages`; a test compares the two, so edit the code and not this page."


def settings_page() -> str:
    """docs/settings.md."""
    rows = ((f"`{PREFIX}{f.name.upper()}`", _default(f), MEANINGS[f.name]) for f in fields(Settings))
    return _page(
        "# Settings",
        _MADE,
        "Every process reads its settings from the environment once, at its start (`runtime/settings.py`; no other "
        f"module reads a setting). A variable that begins with `{PREFIX}` and is not in this table is an error, so "
        "that a misspelt name is noticed at once. What a *city* decides is not here but in its pack: see [citypack.md]"
        "(citypack.md).",
        _table(("Variable", "Default", "Meaning"), rows),
    )


def _default(field: "Field[Any]") -> str:
    value = field.default
    if isinstance(value, Path):
        return f"`{value.relative_to(ROOT)}` of the checkout"
    return "(empty)" if value == "" else f"`{value}`"


def metrics_page() -> str:
    """docs/metrics.md."""
    rows = (
        (f"`{_exported(name, kind)}`", kind.__name__.lower(), ", ".join(f"`{label}`" for label in labels) or "–", says)
        for name, (kind, says, labels) in METRICS.items()
    )
    return _page(
        "# Metrics",
        _MADE,
        "In Prometheus text format. The API serves them at `GET /metrics`; every other process on a port of its "
        "own when `CITYLOOP_METRICS_PORT` is set: worker *n* on that port + *n*, the relay on + 10, the sweep on "
        "+ 11, sensors' worker *n* on + 30 + *n*, MQTT bridge *n* on + 40 + *n*. Every process shows all names "
        "and fills those it is concerned with: the figures about cases, the outbox and rejects are the API's, "
        "read from the database at each scrape. Names are as Prometheus stores them. "
        "[operations.md](operations.md) says which of them are alarms.",
        _table(("Name", "Kind", "Labels", "Meaning"), rows),
        f"Histograms have buckets at {', '.join(f'{bucket:g}' for bucket in BUCKETS)} seconds.",
    )


def _exported(name: str, kind: type) -> str:
    """The name on the wire: the client library adds an ending to counters, and parts to histograms."""
    return f"{name}_total" if kind is Counter else f"{name}_bucket`, `_sum`, `_count" if kind is Histogram else name


def topics_page() -> str:
    """docs/topics.md."""
    rows = (
        (f"`{t.name}`", t.key, str(t.partitions), f"{t.retention_days} d", _codes(t.contracts), t.owner, t.says)
        for t in TOPICS
    )
    reactions = ((f"`{event}`", f"`{topic.name}`") for event, topic in REACTIONS.items())
    return _page(
        "# Topics and contracts",
        _MADE,
        "On the broker every name stands behind the prefix `CITYLOOP_TOPIC_PREFIX` and a dot. `cityloop prepare` "
        "creates what is missing (`streams/topics.py`); the broker need not create topics by itself.",
        _table(("Topic", "Key", "Partitions", "Kept", "Contract", "Written by", "What for"), rows),
        "Every record carries the header `schema` with its contract, so that another version is told apart before a "
        "byte is parsed: an unknown major version is refused, a newer minor one (`hotline-ticket.v1.2`) is read as the "
        "one known. A reader is strict about what is missing or of another type, and deaf to fields it does not know. "
        f"Headers are text without NUL, at most {MAX_HEADERS // 1024} KiB together; a value is one JSON object in "
        f"UTF-8 of at most {MAX_VALUE // 1024} KiB, no deeper than {MAX_DEPTH} levels, that names no field twice. What "
        "cannot be used is kept with its address and reason: `cityloop rejects list`. [asyncapi.yaml](asyncapi.yaml) "
        "says all this for machines, [partners.md](partners.md) shows how to publish.",
        "## Messages about tickets",
        f"On `{MESSAGES.name}` a message names its ticket as `{HOTLINE.contract}` did, and carries a number of its own "
        "that its centre uses once for ever, whatever the kind. Those of one ticket take effect in their order. What "
        "the law refuses is recorded with its code and is no reject. A message that comes before its ticket is kept, "
        "twice: among the rejects as `ticket-unknown`, where an operator sees it, and in the table `messages`, from "
        "which the sweep tries it again, after a second at first and every ten minutes at last, for as long as it "
        "takes; then its reject is marked as answered. One whose ticket has come in and is still to be filed waits "
        "without a reject.",
        "## Readings of devices",
        f"On `{SENSOR_READINGS.name}` the key is the gateway and chooses the partition (murmur2, the default of "
        "Kafka's own clients): all devices of a gateway are watched by one worker, and a record on another "
        f"partition is refused (`partition-wrong`). Each sensors' worker writes `{TICK_CONTRACT}` into its "
        "partitions, without a key; nobody else does. A device is called silent when a tick is read, behind all "
        "readings before it. What the workers remember of each gateway's devices they keep on "
        f"`{SENSOR_STATE.name}`, which is compacted and has no contract: bytes for themselves. "
        "[readings.md](readings.md) says what becomes of readings.",
        "## Events",
        f"Published by the relay in the order the database committed them. Headers: {_event_headers()}. `id` is unique "
        "for ever and is what a consumer knows repeats by; `version` counts a subject's events from 1 without gaps; "
        "`position` is the place in the whole stream, the same text that `GET /v1/stream` sends as `id`. Events are "
        "published at least once.",
        "## Work",
        "What cityloop's own worker must do next travels beside the events, many ids a record:",
        _table(("Event", "puts its subject on"), reactions),
        "## Contracts",
        "What is decoded is then cleaned and checked as at the HTTP door (`domain/report.py`): a text has at most "
        f"{MAX_TEXT} characters, an address 256; positions and times must be possible ones.",
        *_contracts(),
    )


def _codes(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _event_headers() -> str:
    entry = Entry(Position(1, 1), UUID(int=0), 1, "case.filed", datetime(2026, 1, 1, tzinfo=UTC), "", b"{}")
    return _codes(name for name, _ in event_record(entry).headers)


def _contracts() -> Iterator[str]:
    for contract in dict.fromkeys(contract for topic in TOPICS for contract in topic.contracts):
        yield f"### `{contract}`"
        if contract == ALERTS.contract:
            yield "A document of OASIS CAP 1.2 in XML; [alerts.md](alerts.md) shows one and says when it is sent."
            continue
        kind = CONTRACTS.get(contract)
        if kind is None:
            yield "What happened to a report; it holds nothing a person wrote."
            yield _table(("Field", "Value"), ((f"`{name}`", says) for name, says in REPORT_EVENT.items()))
            continue
        yield " ".join((kind.__doc__ or "").split())
        yield _table(("Field", "Type", "Must be there", "Otherwise"), map(_field, _fields(kind)))
        if contract in (CASE_EVENTS.contract, TICKET_CONTRACT):
            yield "Nested values are the types of `domain/`, field by field. Nothing a citizen wrote is among them."


def _fields(kind: type) -> Sequence[Any]:
    info: Any = type_info(kind)
    return tuple(info.fields)


def _field(field: Any) -> tuple[str, ...]:
    default = "–" if field.required else _written(field)
    return f"`{field.encode_name}`", _type(field.type), "yes" if field.required else "no", default


def _written(field: Any) -> str:
    if field.default_factory not in (msgspec.NODEFAULT, MISSING):
        return "`[]`"
    value = field.default
    return f"`{value.value if isinstance(value, StrEnum) else msgspec.json.encode(value).decode()}`"


def _type(info: Any) -> str:
    """A type in words."""
    name = type(info).__name__
    if name == "Metadata":
        return _type(info.type)
    if name == "UnionType":
        return " or ".join(_type(each) for each in info.types)
    if name == "EnumType":
        return "one of " + ", ".join(f"`{member.value}`" for member in info.cls)
    if name in ("ListType", "VarTupleType"):
        return f"list of {_type(info.item_type)}"
    if name in ("StructType", "DataclassType"):
        if info.cls.__module__.startswith("streams."):
            return "{" + "; ".join(f"`{f.encode_name}`: {_type(f.type)}" for f in info.fields) + "}"
        return f"{info.cls.__name__} (`{info.cls.__module__.replace('.', '/')}.py`)"
    if name == "StrType":
        bounds = [f"at least {info.min_length}"] * bool(info.min_length) + [f"at most {info.max_length}"] * bool(
            info.max_length
        )
        return "text" + (f" ({', '.join(bounds)} characters)" if bounds else "")
    return {
        "DateTimeType": "time (RFC 3339, with offset)",
        "FloatType": "number",
        "IntType": "whole number",
        "UUIDType": "uuid",
        "NoneType": "null",
        "BoolType": "true or false",
    }[name]


def errors_page() -> str:
    """docs/errors.md."""
    places: dict[str, list[Found]] = {}
    for each in found():
        places.setdefault(each.code, []).append(each)
    doors = (
        (f"`{c}`", _title(places[c]), _status(c, places[c]), says) for c, says in sorted(DOORS.items()) if c in places
    )
    start = ((f"`{c}`", _title(places[c]), says) for c, says in sorted(START.items()) if c in places)
    files = ((f"`{c}`", says) for c, says in sorted(FILES.items()))
    return _page(
        "# Errors",
        _MADE,
        "Codes are stable and English, for programs; titles are Chinese, for the person at the desk. No error repeats "
        "what somebody wrote.",
        "## At the doors",
        "Over HTTP an error is `application/problem+json` (RFC 9457) with `code`, `title`, `status`, where it helps "
        "`detail`, and in `errors` a JSON pointer, a code and a hint for each field (at most 20). `429` and `503` "
        "carry `Retry-After`; a `version-conflict` carries `current_version` and its `ETag`. A Kafka record that fails "
        "with one of these codes is kept among the rejects under it. While the database is away nothing is rejected: "
        "the worker waits.",
        _table(("Code", "标题", "HTTP", "What to do"), doors),
        "## At the start and on the command line",
        _table(("Code", "标题", "What to do"), start),
        "## In city packs, mappings and tables",
        "Each comes with its file and line, such as `rules.csv:17`. Warnings do not keep a pack from being used.",
        _table(("Code", "What to do"), files),
    )


def _title(places: Iterable[Found]) -> str:
    return " / ".join(dict.fromkeys(each.title for each in places if each.title)) or "–"


def _status(code: str, places: Sequence[Found]) -> str:
    if code == "internal":
        return "500"
    if all(each.file.startswith("streams/") for each in places):
        return "Kafka only"
    if code in STATUS_BY_CODE:
        return str(STATUS_BY_CODE[code])
    # what only faults carry is a part of something invalid
    families = [each.family for each in places if each.family is not None] or [Invalid]
    return str(next(status for own in families for family, status in STATUS_BY_FAMILY if issubclass(own, family)))


PAGES: Mapping[str, Callable[[], str]] = {
    "settings.md": settings_page,
    "metrics.md": metrics_page,
    "topics.md": topics_page,
    "errors.md": errors_page,
}


def _page(*parts: str) -> str:
    """Headings and tables as they are, paragraphs filled."""
    return "\n".join(
        part if part.startswith("|") else part + "\n" if part.startswith("#") else _filled(part) for part in parts
    )


def _filled(paragraph: str) -> str:
    return textwrap.fill(paragraph, 120, break_long_words=False, break_on_hyphens=False) + "\n"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


if __name__ == "__main__":
    for name, render in (*PAGES.items(), ("asyncapi.yaml", asyncapi_page)):
        (DOCS / name).write_text(render(), encoding="utf-8")
