"""The heads of requests: query parameters of every route that reads, and headers."""

import base64
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from api.auth import ROUTES
from domain.actor import Role
from tests.contract.api_city import CLIENTS
from tests.vectors.http import NOWHERE, Things, a_report
from tests.vectors.intake import ANY, Vector, as_json
from tests.vectors.values import CANARY, Want


def _who(route: str) -> str:
    roles = ROUTES[route]
    return CLIENTS[Role.ADMIN if Role.ADMIN in roles else sorted(roles)[0]]


def _forged(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


_LIMITS = (
    ("0", "limit-out-of-range"),
    ("-1", "limit-out-of-range"),
    ("1000000000", "limit-out-of-range"),
    ("1_0", "type-mismatch"),
    ("+1", "type-mismatch"),
    ("%201", "type-mismatch"),
    ("ten", "type-mismatch"),
    ("", "type-mismatch"),
    ("%00", "type-mismatch"),
    ("１", "type-mismatch"),
    ("9" * 30, "type-mismatch"),
    ("1.5", "type-mismatch"),
)
_CURSORS = (
    "nonsense",
    "%00",
    "",
    quote(CANARY),
    "A" * 5000,
    _forged(f"2026-01-01T00:00:00 {NOWHERE}"),
    _forged("2026-01-01T00:00:00Z no-id"),
    _forged(f"0001-01-01T00:00:00+14:00 {NOWHERE}"),
)
_STRANGE = {
    "NUL": "%00",
    "a person's words": quote(CANARY),
    "a half character": "%ED%A0%80",
    "not UTF-8": "%FF",
    "very long": "x" * 20_000,
}


def queries(openapi: Mapping[str, Any]) -> Iterator[Vector]:
    """The query of every route that reads, from its own documentation."""
    for route in sorted(ROUTES):
        method, path = route.split(" ")
        if method != "GET":
            continue
        told = openapi["paths"][path]["get"].get("parameters", ())
        names_ = [each["name"] for each in told if each["in"] == "query"]
        here = path.replace("{no}", "YH-261121-0000123-4").replace("{code}", "43990101002000017")
        here = here.replace("{report_id}", NOWHERE).replace("{attachment_id}", NOWHERE).replace("{task_id}", NOWHERE)
        base = Vector(f"query of {route}", "", _who(route), method, here, Want("parameter-unknown"))
        yield replace(base, name="unknown", path=f"{here}?is_admin=1")
        yield replace(base, name="a person's words as name", path=f"{here}?{quote(CANARY)}=1")
        for name in names_:
            twice = replace(base, want=Want("parameter-repeated"), path=f"{here}?{name}=1&{name}=1")
            yield replace(twice, name=f"{name} twice")
        if path == "/v1/stream":
            continue
        for name, values in (("limit", _LIMITS), ("cursor", [(each, "cursor-invalid") for each in _CURSORS])):
            for text, code in values if name in names_ else ():
                needed = "near=113.9,27.9&crs=EPSG:4326&" if path == "/v1/assets" else ""
                yield replace(base, name=f"{name}={text[:20]}", path=f"{here}?{needed}{name}={text}", want=Want(code))
        for name in names_:
            for says, text in _STRANGE.items():
                yield replace(base, name=f"{name}: {says}", path=f"{here}?{name}={text}", want=Want(ANY))


def heads(things: Things) -> Iterator[Vector]:
    """Headers of requests that are otherwise good."""
    body, media = as_json(a_report()), {"Content-Type": "application/json"}
    report = Vector("headers", "", "inspector-1", "POST", "/v1/reports", Want(), body, accepted=202)
    for name, key, code in (
        ("no key", None, "idempotency-key-required"),
        ("an empty key", "", "idempotency-key-invalid"),
        ("a blank in the key", "a b", "idempotency-key-invalid"),
        ("a long key", "k" * 256, "idempotency-key-invalid"),
        ("a key of 255", uuid4().hex + "k" * 223, ""),
        ("a tab in the key", "a\tb", "idempotency-key-invalid"),
    ):
        sent = {**media, **({} if key is None else {"Idempotency-Key": key})}
        yield replace(report, name=name, headers=sent, want=Want(code))
    keyed = {**media, "Idempotency-Key": "v"}
    yield replace(
        report, name="70 KiB of headers", headers={**keyed, "X-Note": "x" * 70_000}, want=Want("headers-too-large")
    )
    many = {f"X-{n}": "x" for n in range(600)}
    yield replace(report, name="600 headers", headers={**keyed, **many}, want=Want("headers-too-large"))
    for name, said_ in (
        ("no credentials", None),
        ("empty credentials", ""),
        ("a bare key", CANARY.encode().hex()),
        ("no key", "Bearer "),
    ):
        sent = {**keyed, "Authorization": said_ or ""}
        yield replace(report, name=name, headers=sent, who="", want=Want("credentials-required"))
    yield replace(
        report,
        name="unknown credentials",
        headers={**keyed, "Authorization": "Bearer x"},
        who="",
        want=Want("credentials-invalid"),
    )
    verb = Vector("headers", "", "desk-1", "POST", f"/v1/cases/{things.case}/actions/file", Want(), b"{}")
    for name, match in (
        ("no version", None),
        ("a star", "*"),
        ("a bare number", "1"),
        ("two versions", '"1", "2"'),
        ("words", "x" * 300),
        ("ten digits", '"1234567890"'),
    ):
        sent = {**media, **({} if match is None else {"If-Match": match})}
        yield replace(verb, name=f"If-Match: {name}", headers=sent, want=Want("precondition-required"))
    yield replace(
        verb, name="If-Match: a version long past", headers={**media, "If-Match": '"0"'}, want=Want("version-conflict")
    )
    stream = Vector("headers", "", "admin-1", "GET", "/v1/stream", Want("last-event-id-invalid"))
    for name, last in (("words", "yesterday"), ("too many digits", "9" * 30 + "-1"), ("negative", "-1--1")):
        yield replace(stream, name=f"Last-Event-ID: {name}", headers={"Last-Event-ID": last})
