"""The judge of vectors sees every kind of wrong answer; otherwise a table without faults would say nothing."""

import json
from typing import Any

import pytest

from tests.vectors.intake import ANY, filled
from tests.vectors.judge import MAX_REFUSAL, Answer, faults, item, open311, problem, reject
from tests.vectors.values import CANARY, Want

MEDIA = "application/problem+json"


def refusal(code: str = "text-empty", status: int = 422, pointer: str = "/text", **more: Any) -> Answer:
    told = {"code": code, "errors": [{"pointer": pointer, "code": code}], **more}
    return problem(status, json.dumps(told).encode(), MEDIA)


def test_a_good_refusal_has_no_fault() -> None:
    assert list(faults(refusal(), Want("text-empty"), 202, "/text")) == []
    assert list(faults(refusal(), Want(ANY), 202)) == []
    assert list(faults(Answer(202, "", b"{}"), Want(), 202)) == []


@pytest.mark.parametrize(
    ("answer", "want", "says"),
    [
        (Answer(500, "internal", b"{}", (), MEDIA), Want(ANY), "the door broke"),
        (Answer(200, "", b"{}"), Want("text-empty"), "let in instead"),
        (Answer(422, "text-empty", b"{}", (), MEDIA), Want(), "instead of 202"),
        (refusal("text-too-long"), Want("text-empty"), "text-too-long instead of text-empty"),
        (refusal(status=400), Want("text-empty"), "400 for text-empty"),
        (refusal("json-invalid", 422), Want("json-invalid"), "422 for json-invalid"),
        (refusal("no-such-code"), Want(ANY), "is in no list"),
        (refusal(""), Want(ANY), "no code is in no list"),
        (Answer(422, "text-empty", b"{}", (), "text/html"), Want("text-empty"), "a refusal as text/html"),
        (refusal(detail="x" * MAX_REFUSAL), Want("text-empty"), "bytes of refusal"),
        (Answer(422, "text-empty", b"{}", ("/text",) * 21, MEDIA), Want("text-empty"), "21 faults"),
        (refusal(detail=CANARY), Want("text-empty"), "repeats what somebody wrote"),
        (Answer(422, "text-empty", CANARY.encode(), (), MEDIA), Want("text-empty"), "repeats what somebody wrote"),
        (refusal(pointer="/address"), Want("text-empty"), "points at /address"),
    ],
)
def test_a_wrong_answer_is_found(answer: Answer, want: Want, says: str) -> None:
    assert any(says in each for each in faults(answer, want, 202, "/text"))


def test_an_item_is_judged_with_its_neighbour() -> None:
    good, bad = {"status": 202, "problem": None}, {"status": 422, "problem": {"code": "text-empty"}}
    assert item(200, json.dumps({"items": [bad, good]}).encode(), "").code == "text-empty"
    with pytest.raises(AssertionError, match="neighbour"):
        item(200, json.dumps({"items": [bad, bad]}).encode(), "")


def test_open311_tells_its_code_in_brackets() -> None:
    told = [{"code": 400, "description": "description: 文本过长 (text-too-long): at most 4000 characters"}]
    assert open311(400, json.dumps(told).encode(), "").code == "text-too-long"


def test_a_reject_names_its_places_in_its_reason() -> None:
    reason = "number-not-finite: 数值不是有限数; /values/3 number-not-finite send a finite number; /at type-mismatch"
    turned_away = reject("number-not-finite", reason)
    assert turned_away.pointers == ("/values/3", "/at")
    assert list(faults(turned_away, Want("number-not-finite"), 202, "/values/3", own_status=False)) == []
    assert list(faults(turned_away, Want("number-not-finite"), 202, "/devices/0", own_status=False)) != []
    assert list(faults(reject("", ""), Want(), 202, "/values/3")) == []


def test_a_value_is_put_where_it_belongs_as_it_is_written() -> None:
    assert json.loads(filled({"a": 1}, ("b", "c"), "7")) == {"a": 1, "b": {"c": 7}}
    assert b'"lon": NaN' in filled({"position": {"lon": 1}}, ("position", "lon"), "NaN")
