"""Observations over HTTP in the words of SensorThings (docs/sensorthings.md): one by one, and as data arrays."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from api.sensorthings.intake import MAX_BODY
from domain.jsontext import BOM
from sensing.wire import MAX_READINGS
from tests.vectors.bodies import Body, bodies
from tests.vectors.intake import Field, Intake, Vector, as_json
from tests.vectors.readings import AT, GAUGE, RESULTS, STATE, among
from tests.vectors.texts import codes
from tests.vectors.times import times
from tests.vectors.values import CANARY, NUMBERS, WRONG_TYPES, Manner, Value, Want, bad, good, said

ROOT, WHO = "/sta/v1.1", "devices-1"
_STREAM = {"@iot.id": GAUGE}
# the name of a field of the standard's own kind (@iot.id) is not repeated in a pointer: what holds it is
_REF = (
    bad("no id", "{}", "field-missing"),
    bad("an id beside", f'{{"@iot.id":"{GAUGE}","id":1}}', "field-unknown"),
    *(bad(f"{value.name}, for the whole", value.raw, "type-mismatch") for value in WRONG_TYPES if value.raw != "{}"),
)
_NOBODY = Want("not-found")
_NOT_KEPT = tuple(
    Field((name,), (bad("of the standard, and not kept", raw, "field-unknown"),))
    for name, raw in (
        ("FeatureOfInterest", '{"@iot.id":1}'),
        ("parameters", "{}"),
        ("resultQuality", '"good"'),
        ("validTime", f'"{AT}/{AT}"'),
    )
)


def observations() -> tuple[Intake, ...]:
    """One observation, its Datastream named in the body, and by the address."""
    alone = (
        Field(("phenomenonTime",), (*times(), good("null", "null"))),
        Field(("resultTime",), (*times(), good("null", "null"))),
        Field(("phenomenonTime",), (bad("a span", f'"{AT}/{AT}"', "timestamp-invalid"),)),
        Field(("result",), (*RESULTS, STATE)),
        *_NOT_KEPT,
    )
    unknown = (bad("nobody's", '"nobody-1"', "not-found"), bad("words", said(CANARY), "not-found"))
    named = (
        Field(("Datastream", "@iot.id"), (*codes(), *unknown), at="/Datastream"),
        Field(("Datastream",), (*_REF, bad("null", "null", "field-missing"))),
    )
    other = (Field(("Datastream",), (bad("another one", '{"@iot.id":"lamp-0002"}', "datastream-mismatch"),)),)
    good_one = {"phenomenonTime": AT, "result": 0.42}
    return (
        _intake("Observations", {**good_one, "Datastream": _STREAM}, (*alone, *named)),
        _intake(f"Datastreams('{GAUGE}')/Observations", good_one, (*alone, *other)),
    )


def _intake(path: str, body: dict[str, Any], fields: tuple[Field, ...]) -> Intake:
    name = f"POST {ROOT}/{path}".replace(f"'{GAUGE}'", "…")
    return Intake(name, WHO, "POST", f"{ROOT}/{path}", body, Manner.MACHINE, fields, accepted=201)


def addresses() -> Iterator[Vector]:
    """Datastreams that no address can name: they are not there, and nothing of the address comes back."""
    by_address = observations()[1]
    good_one = next(each for each in by_address.vectors() if each.name == "body: as it should be")
    for name, key in (
        ("nobody's", "'nobody-1'"), ("without marks", GAUGE), ("a number", "7"), ("empty", "''"),
        ("words", f"'{CANARY}'"), ("NUL", f"'{GAUGE}%00'"), ("not UTF-8", "'%FF'"), ("half a character", "'%ED%A0%80'"),
        ("zero-width space", f"'{GAUGE}%E2%80%8B'"), ("SQL", "'x'' or ''1''=''1'"), ("very long", f"'{'x' * 20_000}'"),
        ("an observation's", f"'{GAUGE}@1795305600000'"), ("another case", f"'{GAUGE.upper()}'"),
    ):  # fmt: skip
        yield replace(good_one, name=f"address: {name}", path=f"{ROOT}/Datastreams({key})/Observations", want=_NOBODY)


def array() -> Intake:
    """A data array; ``arrays`` makes bodies of it, which are lists."""
    many = ",".join([f'["{AT}",null,1]'] * (MAX_READINGS + 1))
    uneven = (
        bad("a row of two", f'[["{AT}",0.42]]', "readings-uneven"),
        bad("a row of none", "[[]]", "readings-uneven"),
        bad("one row more than is said", f'[["{AT}",null,1],["{AT}",null,1]]', "readings-uneven"),
        bad("a row that is none", '["x"]', "type-mismatch"),
        bad("a text", said(CANARY), "type-mismatch"),
        bad("null", "null", "type-mismatch"),
        bad("10,001 rows", f"[{many}]", "too-many-items"),
    )
    return replace(
        _intake(
            "CreateObservations",
            {
                "Datastream": _STREAM,
                "components": ["phenomenonTime", "resultTime", "result"],
                "dataArray@iot.count": 1,
                "dataArray": [[AT, None, 0.42]],
            },
            (
                Field(("Datastream", "@iot.id"), (*codes(), good("nobody's", '"nobody-1"')), at="/Datastream"),
                Field(("Datastream",), (*_REF, bad("null", "null", "type-mismatch"))),
                Field(("components",), _components()),
                Field(("dataArray@iot.count",), _counts(), at="/"),
                Field(("dataArray",), among(times(), "[", ",null,0.42]"), at="/dataArray/0/0"),
                Field(("dataArray",), among(times(), f'["{AT}",', ",0.42]"), at="/dataArray/0/1"),
                Field(("dataArray",), among((*RESULTS, STATE), f'["{AT}",null,', "]"), at="/dataArray/0/2"),
                Field(("dataArray",), uneven),
                Field(("is_admin",), (bad("unknown", "true", "field-unknown"),)),
            ),
        ),
        most=MAX_BODY,
        whole=False,
    )


def _components() -> tuple[Value, ...]:
    wrong = {
        "none": [],
        "no result": ["phenomenonTime", "resultTime"],
        "a result twice": ["result", "result", "resultTime"],
        "words among them": ["result", "resultTime", CANARY],
        "what is not kept": ["result", "resultTime", "parameters"],
    }
    return (
        *(bad(name, json.dumps(names), "components-invalid") for name, names in wrong.items()),
        bad("nine", json.dumps(["result"] * 9), "too-many-items"),
        bad("a number among them", '["phenomenonTime","resultTime",7]', "type-mismatch"),
        bad("a text", '"result"', "type-mismatch"),
        bad("null", "null", "type-mismatch"),
    )  # fmt: skip


def _counts() -> tuple[Value, ...]:
    return (
        *(bad(name, raw, code) for name, raw, code in NUMBERS if name != "null"),
        bad("minus one", "-1", "number-out-of-range"),
        bad("a half", "1.5", "type-mismatch"),
        bad("one too many", "2", "readings-uneven"),
        good("null", "null"),
    )


def arrays(alone: Intake) -> Iterator[Vector]:
    """Every vector of ``CreateObservations``. A good neighbour stands behind what is wrong: all is refused with it."""
    body = as_json(alone.good)
    for vector in alone.vectors():
        pointer = f"/0{vector.pointer}"
        yield replace(vector, content=b"[%s,%s]" % (vector.content, body), pointer=pointer)
    whole = replace(next(alone.vectors()), pointer="")
    for each in bodies(body, alone.most):
        one = _listed(each)
        headers = {"Content-Type": one.media} if one.media else {}
        yield replace(whole, name=f"body: {one.name}", content=one.content, headers=headers, want=Want(one.code))


def _listed(body: Body) -> Body:
    """The same for a route that takes a list: objects stand in one, and what is no list is told so."""
    if body.name == "a list":  # of no observations
        return replace(body, code="")
    mark = BOM if body.content.startswith(BOM) else b""
    inside = body.content.removeprefix(mark)
    if inside.lstrip(b"\n\t ").startswith(b"{"):
        return replace(body, content=mark + b"[" + inside + b"]")
    return replace(body, code="body-not-array" if body.code == "body-not-object" else body.code)
