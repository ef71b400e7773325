"""Two thousand bodies nobody thought of: the JSON doors take them, or say what is wrong in the house's shape."""

import json
import math
from collections.abc import AsyncIterator, Mapping
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runtime.remedies import DOORS
from tests.front_door import FrontDoor, well_formed_problem
from tests.vectors.hearing import Log, publishing
from tests.vectors.http import envelope, others, reports, verbs
from tests.vectors.intake import Intake
from tests.vectors.run import things
from tests.vectors.sensorthings import array, observations

EXAMPLES = 2000

_words = st.text(max_size=12) | st.sampled_from(
    ["", "\x00", "\ud800", "\u202e", "EPSG:4326", "2026-11-16T09:00:00+08:00"]
)
_numbers = st.sampled_from([10**30, 2**63, -1, 0, 1, 1.5, math.nan, math.inf])
_leaves = st.none() | st.booleans() | st.integers() | _numbers | st.floats() | _words
_trees = st.recursive(
    _leaves,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_words, inner, max_size=4),
    max_leaves=12,
)
_bytes = st.sampled_from(
    [b"", b'"', b"{", b"}", b"[", b"]", b",", b":", b"\\", b"\x00", b"\xff", b"1e400", b"\\ud83d", b"null"]
)


@pytest.fixture(scope="module")
async def intakes(city: FrontDoor) -> AsyncIterator[list[Intake]]:
    """Every route that takes JSON; where observations are published is a list in this process."""
    with publishing(city, Log()):
        yield [*reports(), envelope(), *verbs(await things(city.office)), *others(), *observations(), array()]


@st.composite
def bodies(draw: st.DrawFn, good: Mapping[str, Any], names: tuple[str, ...]) -> bytes:
    """A tree of any kind, or a good body with some of its fields changed, and perhaps some of its bytes."""
    if draw(st.booleans()):
        tree: Any = {**good, **draw(st.dictionaries(st.sampled_from(names), _trees, max_size=3))}
    else:
        tree = draw(_trees)
    body = bytearray(json.dumps(tree, ensure_ascii=draw(st.booleans())).encode("utf-8", "surrogatepass"))
    for _ in range(draw(st.integers(0, 2))):
        at = draw(st.integers(0, max(0, len(body) - 1)))
        body[at : at + draw(st.integers(0, 3))] = draw(_bytes)
    return bytes(body)


def _names(intake: Intake) -> tuple[str, ...]:
    named = [str(field.path[0]) for field in intake.fields] + list(intake.good)
    return tuple(dict.fromkeys(named)) or ("note",)


@given(data=st.data())
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
async def test_no_body_breaks_a_door(city: FrontDoor, intakes: list[Intake], data: st.DataObject) -> None:
    intake = data.draw(st.sampled_from(intakes), label="intake")
    body = data.draw(bodies(intake.good, _names(intake)), label="body")
    if intake.path.endswith("CreateObservations"):
        body = b"[" + body + b"]"
    headers = {"Content-Type": "application/json", "Idempotency-Key": uuid4().hex, **intake.headers}
    headers["Authorization"] = f"Bearer {city.keys[intake.who]}"
    answer = await city.http.request(intake.method, intake.path, content=body, headers=headers)
    assert answer.status_code < 500
    if answer.status_code >= 400:
        assert well_formed_problem(answer)["code"] in DOORS


def test_the_bodies_are_of_all_kinds() -> None:
    """The strategy reaches good bodies, bodies that are no JSON, and numbers that are none."""
    seen = set()

    @given(bodies({"text": "路灯不亮"}, ("text", "position")))
    @settings(max_examples=1000, deadline=None, database=None, derandomize=True)
    def look(body: bytes) -> None:
        try:
            tree = json.loads(body)
        except ValueError:
            seen.add("no JSON")
            return
        seen.add("object" if isinstance(tree, dict) else "other")
        values = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else [tree]
        if any(isinstance(value, float) and not math.isfinite(value) for value in values):
            seen.add("not finite")
        if tree == {"text": "路灯不亮"}:
            seen.add("good")

    look()
    assert seen == {"no JSON", "object", "other", "not finite", "good"}
