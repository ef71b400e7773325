"""Whether a report is about danger to life: the same answer for the report and its body unread."""

import json
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.danger import Danger
from classify.appeals import Appeals
from domain.catalogue import Kind, Urgency
from domain.life_safety import LifeSafety
from tests.demo_city import pack
from tests.values import a_report

CITY = pack()
HEARD = Appeals(CITY.cues).urgency
DANGER = Danger(CITY.policy.life_safety, CITY.catalogue, HEARD)

STORIES: list[tuple[bool, dict[str, Any]]] = [
    (True, {"text": "楼道里有燃气泄漏，味道很大"}),
    (True, {"text": "路口的井盖不见了", "category": "06020"}),
    (True, {"text": "有个孩子掉进河里了，快来人"}),
    (False, {"text": "去年这里着火，现在已修好，请问损失怎么报"}),
    (True, {"text": "井盖", "category": "01002"}),
    (True, {"text": "冒水", "category": "02007"}),
    (True, {"text": "路面有坑", "category": "06013", "condition": "06013-2"}),
    (True, {"text": "请快来", "urgency": "critical"}),
    (False, {"text": "请快来", "urgency": "urgent"}),
    (False, {"text": "路灯不亮", "category": "01037"}),
    (False, {"text": "小广告", "category": "no-such-code", "condition": "x"}),
    (False, {"text": "路面有坑", "category": "06013", "condition": "01002-1"}),
    (False, {"text": ""}),
]


@pytest.mark.parametrize(("urgent", "said"), STORIES)
def test_the_report_and_its_body_are_told_alike(urgent: bool, said: dict[str, Any]) -> None:
    report = replace(
        a_report(),
        text=said["text"],
        category=said.get("category"),
        kind=Kind.EVENT,
        condition=said.get("condition"),
        urgency=Urgency(said.get("urgency", "normal")),
    )
    assert DANGER.of(report) is urgent
    assert DANGER.of_json(json.dumps(said).encode()) is urgent
    assert DANGER.of_json(json.dumps(said, ensure_ascii=False).encode()) is urgent
    harmless = {"key": "1", "report": {"text": "路灯不亮"}}
    assert DANGER.of_batch(json.dumps({"items": [harmless, {"key": "2", "report": said}]}).encode()) is urgent


@pytest.mark.parametrize(("urgent", "said"), [each for each in STORIES if each[1].keys() <= {"text", "category"}])
def test_a_form_is_told_alike(urgent: bool, said: dict[str, Any]) -> None:
    form = {"description": said["text"], "service_code": said.get("category", "other")}
    assert DANGER.of_form(urlencode(form).encode()) is urgent


def test_a_neighbour_that_cannot_be_read_hides_no_danger() -> None:
    items = [{"report": {"text": 7}}, 3, {"key": "x"}, {"report": {"text": "有人触电"}}]
    assert DANGER.of_batch(json.dumps({"items": items}).encode())


@given(st.binary(max_size=300))
def test_nothing_is_too_odd_to_be_looked_at(body: bytes) -> None:
    for look in (DANGER.of_json, DANGER.of_batch, DANGER.of_form):
        assert look(body) in (True, False)


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"text":' * 5000, b'{"items":[{"report":' * 2000, b"", b"null"])
def test_nothing_is_too_deep_to_be_looked_at(body: bytes) -> None:
    assert not DANGER.of_json(body)
    assert not DANGER.of_batch(body)


def test_a_city_has_words_of_its_own() -> None:
    city = Danger(LifeSafety(words=("塔吊",), urgency=Urgency.URGENT), CITY.catalogue, HEARD)
    assert city.of(replace(a_report(), text="塔吊歪了", category=None))
    assert city.of(replace(a_report(), text="燃气泄漏", category=None))
    assert city.of(replace(a_report(), text="围墙快要倒了", category=None)), "what sounds urgent is grave enough here"
    assert city.of(replace(a_report(), text="", category=None, urgency=Urgency.URGENT))
    assert not city.of(replace(a_report(), text="路灯不亮", category=None))
