"""Every JSON route as an intake: its fields, and what may stand in them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

from tests.demo_city import LAMP, spot
from tests.vectors.coordinates import ACCURACY, positions
from tests.vectors.intake import ANY, Field, Intake, Vector, as_json
from tests.vectors.texts import PHONES, WORDS, categories, codes, names, texts
from tests.vectors.times import times
from tests.vectors.values import CANARY, NUMBERS, WRONG_TYPES, Manner, Value, Want, bad, good, said

NOWHERE = "0197a3de-0000-7000-8000-000000000000"


@dataclass(frozen=True, slots=True)
class Things:
    """What the routes need to be about: a case, a task of a unit, a ticket, with their versions."""

    case: str
    version: int
    task: str
    unit: str
    report: str
    ticket_version: int


def a_report() -> dict[str, Any]:
    """A good report."""
    at = spot(0)
    position = {"lon": round(at.lon, 6), "lat": round(at.lat, 6), "crs": "EPSG:4326"}
    return {"text": "路灯不亮", "category": LAMP, "position": position}


def _listed(*values: Value, nested: bool = True) -> tuple[Value, ...]:
    """Values in a list of one, and what is no list."""
    inside = tuple(replace(value, raw=f"[{value.raw}]") for value in values) if nested else ()
    return (*inside, bad("a text instead of a list", '"x"', "type-mismatch"), bad("null", "null", "type-mismatch"))


def _report_fields() -> tuple[Field, ...]:
    return (
        Field(("text",), (*texts(4000), bad("null", "null", "type-mismatch"))),
        Field(("address",), texts(256)),
        Field(("areas",), (*_listed(*texts(100)), bad("seven", said_list("a", 7), "too-many-items"))),
        Field(("category",), categories()),
        Field(("condition",), (*codes(), bad("of another category", '"06010-1"', "condition-mismatch", people=Want()))),
        Field(("caller", "name"), names(100)),
        Field(("caller", "phone"), PHONES),
        Field(("captured_at",), times()),
        Field(("position",), positions(strict=True)),
        Field(("position", "accuracy_m"), ACCURACY),
        Field(("urgency",), WORDS),
        Field(("kind",), WORDS),
        Field(
            ("attachments",),
            (
                *_listed(
                    bad("words", said(CANARY), "type-mismatch"), bad("unknown", said(NOWHERE), "attachment-unknown")
                ),
            ),
        ),
        Field(
            ("asset",),
            (
                *WRONG_TYPES,
                bad("words", said(CANARY), "component-code-invalid"),
                bad("too long", said("x" * 2049), "text-too-long"),
            ),
        ),
    )


def said_list(text: str, number: int) -> str:
    """A list that holds a text so many times."""
    return json.dumps([text] * number)


def reports() -> tuple[Intake, ...]:
    """One report: from an inspector's phone, and from people by way of the hotline."""
    fields = _report_fields()
    return (
        Intake(
            "POST /v1/reports, inspector",
            "inspector-1",
            "POST",
            "/v1/reports",
            a_report(),
            Manner.PHONE,
            fields,
            accepted=202,
        ),
        Intake(
            "POST /v1/reports, hotline",
            "hotline-12345",
            "POST",
            "/v1/reports",
            a_report(),
            Manner.PEOPLE,
            fields,
            accepted=202,
            whole=False,
        ),
    )


def batch_items(alone: Intake) -> Iterator[Vector]:
    """What a report is refused for alone, it is refused for in a batch, and its neighbour is let in."""
    for vector in alone.vectors():
        if vector.name.startswith("body"):
            continue
        neighbour = as_json({"key": f"n-{uuid4()}", "report": a_report()})
        item = b'{"key":"i-%s","report":%s}' % (uuid4().hex.encode(), vector.content)
        yield replace(
            vector,
            intake="item of POST /v1/reports:batch",
            path="/v1/reports:batch",
            content=b'{"items":[%s,%s]}' % (item, neighbour),
            pointer=f"/report{vector.pointer}",
            shape="item",
        )


def envelope() -> Intake:
    """The batch as a whole."""
    lists = (
        bad("none", "[]", "too-many-items"),
        bad("501", "[" + ",".join(["{}"] * 501) + "]", "too-many-items"),
        bad("a text", said(CANARY), "type-mismatch"),
        bad("an object", "{}", "type-mismatch"),
    )
    whole = {"items": [{"key": "one", "report": a_report()}]}
    return Intake(
        "POST /v1/reports:batch",
        "inspector-1",
        "POST",
        "/v1/reports:batch",
        whole,
        Manner.PHONE,
        (Field(("items",), lists),),
        most=4 * 1024 * 1024,
    )


def _refused(values: tuple[Value, ...], *skip: str) -> tuple[Value, ...]:
    return tuple(value for value in values if value.want.code and value.want.code not in skip)


def verbs(things: Things) -> Iterator[Intake]:
    """Verbs on a case, a task and a ticket. Only what is refused is sent: what is accepted would change them."""
    until = _refused(times(), "timestamp-in-future", "timestamp-out-of-range")
    counts = tuple(bad(name, raw, ANY) for name, raw, _ in NUMBERS if name != "null")
    match = {"If-Match": f'"{things.version}"'}

    def on_case(verb: str, who: str, *fields: Field, whole: bool = False) -> Intake:
        return Intake(
            f"case action {verb}",
            who,
            "POST",
            f"/v1/cases/{things.case}/actions/{verb}",
            {},
            Manner.MACHINE,
            fields,
            match,
            stays=False,
            whole=whole,
        )

    yield on_case(
        "file",
        "desk-1",
        Field(("reason",), texts(500)),
        Field(("note",), texts(2000)),
        Field(("category",), categories()),
        Field(("condition",), codes()),
        Field(("area",), codes()),
    )
    yield on_case(
        "dispatch",
        "dispatcher-1",
        Field(("unit",), (*codes(), bad("unknown", '"x"', "unit-unknown"))),
        Field(("assist",), (*_listed(*codes()), bad("eleven", said_list("a", 11), "too-many-items"))),
    )
    yield on_case("request-suspension", "unit-lighting", Field(("until",), until))
    yield on_case(
        "pass", "inspector-1", Field(("position",), positions(strict=True)), Field(("photos",), _listed(*WRONG_TYPES))
    )
    yield on_case("appeal", "unit-lighting", Field(("cycle",), counts), Field(("clock",), WORDS))
    yield on_case(
        "call-back", "callback-1", Field(("solved",), (*WRONG_TYPES[:1], bad("a text", '"yes"', "type-mismatch")))
    )
    yield on_case("raise", "dispatcher-1", Field(("level",), WORDS))
    task = f"/v1/tasks/{things.task}/actions/accept"
    reason = (Field(("reason",), texts(500)), Field(("note",), texts(2000)))
    yield Intake(
        "task action accept", things.unit, "POST", task, {"note": "x"}, Manner.MACHINE, reason, match, stays=False
    )
    ticket = f"/v1/tickets/{things.report}/actions/answer"
    spoken = (
        Field(("text",), texts(4000)),
        Field(("reason",), texts(500)),
        Field(("tier",), WORDS),
        Field(
            ("call_back", "solved"), (bad("a text", '"yes"', "type-mismatch"), bad("a number", "1", "type-mismatch"))
        ),
    )
    versioned = {"If-Match": f'"{things.ticket_version}"'}
    yield Intake(
        "ticket action answer",
        "hotline-12345",
        "POST",
        ticket,
        {"text": "x"},
        Manner.MACHINE,
        spoken,
        versioned,
        stays=False,
    )


def others() -> Iterator[Intake]:
    """An inspector's presence and the draw for 抽查."""
    here = {"position": a_report()["position"]}
    yield Intake(
        "PUT /v1/presence",
        "inspector-1",
        "PUT",
        "/v1/presence",
        here,
        Manner.MACHINE,
        (Field(("position",), (*positions(strict=True), good("none", "null"))),),
        accepted=204,
    )
    draw = {"seed": "2026-11", "quota": 1, "since": "2026-11-01T00:00:00Z", "until": "2026-11-02T00:00:00Z"}
    moments = _refused(times(), "timestamp-in-future")
    yield Intake(
        "POST /v1/spot-checks",
        "supervisor-1",
        "POST",
        "/v1/spot-checks",
        draw,
        Manner.MACHINE,
        (
            Field(("seed",), codes()),
            Field(("since",), moments),
            Field(("until",), moments),
            Field(("quota",), tuple(bad(name, raw, ANY) for name, raw, _ in NUMBERS)),
        ),
    )
