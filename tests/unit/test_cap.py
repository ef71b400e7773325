"""What the public is told of a case under a plan: when, in which chain, and as CAP 1.2 in the standard's own order.

Order, cardinality and words of the elements are those of the schema of CAP 1.2 (OASIS Standard, 3.2 and 3.4).
"""

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree as Xml

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.alert import VALID
from domain.bulletin import Bulletin, Issued, MessageType
from domain.case import State
from domain.catalogue import Urgency
from domain.commands import Command
from domain.errors import Refused
from domain.events import Event
from domain.place import Crs, Level, Point
from domain.plan import Alert
from domain.policy import Policy
from domain.task import Part
from store.codec import decode_case, decode_event, encode
from streams.cap import NAMESPACE, Issuer, bulletin_of
from tests.build import DRAINS, ROADS, Story, a_point, a_policy, a_share, a_story, an_activation, merged
from tests.values import ZONE, a_category

WARNING = Alert("内涝积水", "Met", "Expected", "Moderate", "Likely", "部分路段积水较深，请绕行", "不要进入积水路段。")
GAS = Alert("燃气泄漏", "Safety", "Immediate", "Severe", "Observed", "附近燃气泄漏，请远离", "不要使用明火。")
FLOOD = an_activation(levels=(Level.DISTRICT, Level.CITY), alert=WARNING)
QUIET = an_activation()
CITY = Issuer("yunhe", "云河市", ZONE, {"yh": "云河市", "yh-east": "河东区", "yh-east-01": "桥头街道"})
DRILL = a_policy(exercise_pace=30.0)

# Name, least and most; nested where it has children. Most 0 means as many as wanted.
PAIR = [("valueName", 1, 1), ("value", 1, 1)]
SHAPE = {
    "alert": [
        ("identifier", 1, 1), ("sender", 1, 1), ("sent", 1, 1), ("status", 1, 1), ("msgType", 1, 1), ("source", 0, 1),
        ("scope", 1, 1), ("restriction", 0, 1), ("addresses", 0, 1), ("code", 0, 0), ("note", 0, 1),
        ("references", 0, 1), ("incidents", 0, 1), ("info", 0, 0),
    ],
    "info": [
        ("language", 0, 1), ("category", 1, 0), ("event", 1, 1), ("responseType", 0, 0), ("urgency", 1, 1),
        ("severity", 1, 1), ("certainty", 1, 1), ("audience", 0, 1), ("eventCode", 0, 0), ("effective", 0, 1),
        ("onset", 0, 1), ("expires", 0, 1), ("senderName", 0, 1), ("headline", 0, 1), ("description", 0, 1),
        ("instruction", 0, 1), ("web", 0, 1), ("contact", 0, 1), ("parameter", 0, 0), ("resource", 0, 0),
        ("area", 0, 0),
    ],
    "area": [
        ("areaDesc", 1, 1), ("polygon", 0, 0), ("circle", 0, 0), ("geocode", 0, 0), ("altitude", 0, 1),
        ("ceiling", 0, 1),
    ],
    "eventCode": PAIR, "parameter": PAIR, "geocode": PAIR,
}  # fmt: skip
WORDS = {
    "status": {"Actual", "Exercise", "System", "Test", "Draft"},
    "msgType": {"Alert", "Update", "Cancel", "Ack", "Error"},
    "scope": {"Public", "Restricted", "Private"},
    "category": {"Geo", "Met", "Safety", "Security", "Rescue", "Fire", "Health", "Env", "Transport", "Infra", "CBRNE",
                 "Other"},
    "responseType": {"Shelter", "Evacuate", "Prepare", "Execute", "Avoid", "Monitor", "Assess", "AllClear", "None"},
    "urgency": {"Immediate", "Expected", "Future", "Past", "Unknown"},
    "severity": {"Extreme", "Severe", "Moderate", "Minor", "Unknown"},
    "certainty": {"Observed", "Likely", "Possible", "Unlikely", "Unknown"},
}  # fmt: skip
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[-+]\d\d:\d\d")
CIRCLE = re.compile(r"-?\d{1,2}(\.\d+)?,-?\d{1,3}(\.\d+)? \d+(\.\d+)?")


def by_the_standard(document: bytes) -> Xml.Element:
    """The root of a document that keeps to CAP 1.2; fails where it does not."""
    root = Xml.fromstring(document)  # noqa: S314  (our own)
    assert root.tag == f"{{{NAMESPACE}}}alert"
    _check(root)
    told = {name: text(root, name) for name in ("status", "msgType", "scope", "restriction", "references", "note")}
    assert (told["restriction"] is not None) == (told["scope"] == "Restricted"), "3.2.1: with Restricted, always"
    assert told["msgType"] == "Alert" or told["references"], "an Update or Cancel says of what"
    for part in ("identifier", "sender"):
        assert not re.search(r"[\s,<&]", text(root, part) or " ")
    for sender, _, sent in (each.split(",") for each in (told["references"] or "").split()):
        assert sender == text(root, "sender")
        assert TIME.fullmatch(sent)
    return root


def _check(element: Xml.Element) -> None:
    name = bare(element)
    children = [bare(child) for child in element]
    shape = SHAPE.get(name, [])
    order = [each for each, _, _ in shape]
    assert set(children) <= set(order), f"{name} holds {children}"
    assert children == sorted(children, key=order.index), f"{name} has its children out of order"
    for child, least, most in shape:
        assert least <= children.count(child) <= (most or len(children)), f"{child} in {name}"
    if name in WORDS:
        assert element.text in WORDS[name]
    if name in ("sent", "effective", "onset", "expires"):
        assert TIME.fullmatch(element.text or "")
    if name == "circle":
        assert CIRCLE.fullmatch(element.text or "")
    assert shape or element.text, f"{name} is empty"
    for child_element in element:
        _check(child_element)


def bare(element: Xml.Element) -> str:
    return element.tag.removeprefix(f"{{{NAMESPACE}}}")


def text(root: Xml.Element, name: str) -> str | None:
    """The text of the first element of that name, wherever it stands."""
    return next((each.text for each in root.iter() if bare(each) == name), None)


def pairs(root: Xml.Element, name: str) -> dict[str | None, str | None]:
    return {each[0].text: each[1].text for each in root.iter() if bare(each) == name}


def flooded(policy: Policy | None = None) -> Story:
    """暴雨内涝 on a case that waits to be dispatched."""
    story = a_story(State.PENDING_DISPATCH, policy=policy)
    return story.do(story.activate(FLOOD))


def told(story: Story) -> list[Bulletin]:
    """All that the public was told."""
    return [event.alert for event in story.happened if event.alert]


def kinds(story: Story) -> list[str]:
    return [message.kind for message in told(story)]


def ended(story: Story) -> Story:
    """Everybody does their work and the case is closed."""
    for unit in (ROADS, DRAINS):
        story.do(story.accept(unit)).do(story.finish(unit))
    return story.do(story.passes())


# --- When


def test_a_plan_warns_when_it_starts_and_takes_it_back_when_the_case_is_closed() -> None:
    story = ended(flooded())
    assert kinds(story) == ["Alert", "Cancel"]
    first, last = told(story)
    assert first.earlier == ()
    assert last.earlier == (Issued(first.version, first.at),)
    assert last.lifted
    assert story.case.alert == last


def test_a_plan_without_an_alert_tells_nobody_and_so_does_an_ordinary_case() -> None:
    story = a_story(State.PENDING_DISPATCH)
    assert told(ended(story.do(story.activate(QUIET)))) == []
    assert told(a_story(State.CLOSED)) == []


def test_what_only_concerns_the_units_is_not_told_to_the_public() -> None:
    story = flooded()
    story.do(story.urge()).do(story.supervise()).do(story.accept(DRAINS)).do(story.accept(ROADS))
    story.do(story.finish(ROADS)).do(story.reinforce("parks")).do(story.extend(DRAINS)).do(story.grant())
    assert kinds(story) == ["Alert"]


def test_raising_and_lowering_the_case_renews_the_message() -> None:
    story = flooded()
    story.do(story.raises(Level.CITY))
    story.do(story.lowers(Level.DISTRICT))
    assert kinds(story) == ["Alert", "Update", "Update"]
    assert [message.level for message in told(story)] == [Level.DISTRICT, Level.CITY, Level.DISTRICT]
    assert [len(message.earlier) for message in told(story)] == [0, 1, 2], "each names all that it takes the place of"


def test_the_ladder_tells_the_public_when_the_next_level_takes_over_and_not_each_time_it_rings() -> None:
    story = flooded(a_policy())
    rang = 0
    while story.case.escalation < 4:
        story.rings()
        rang += 1
    assert rang > 2
    assert story.case.level is Level.CITY
    assert [(m.kind, m.level) for m in told(story)] == [("Alert", Level.DISTRICT), ("Update", Level.CITY)]


def test_a_second_plan_on_the_case_replaces_the_message_and_one_without_an_alert_leaves_it() -> None:
    story = flooded()
    story.do(story.activate(an_activation(a_share("gas", 10, Part.LEAD), plan="gas-leak", alert=GAS)))
    story.do(story.activate(an_activation(a_share("parks"), plan="trees")))
    assert [(m.kind, m.plan, m.warning) for m in told(story)] == [
        ("Alert", "flood", WARNING), ("Update", "gas-leak", GAS),
    ]  # fmt: skip


def test_the_same_plan_started_again_says_nothing_new() -> None:
    story = flooded()
    assert kinds(story.do(story.activate(FLOOD))) == ["Alert"]


@pytest.mark.parametrize("end", ["force_close", "merge"])
def test_a_case_that_ends_otherwise_withdraws_its_message_without_giving_the_all_clear(end: str) -> None:
    story = flooded()
    if end == "merge":
        story.do(story.recall())  # a joint operation under way is not merged away
        merged(story, a_story(State.DISPOSING, start=story.now))
    else:
        story.do(story.force_close())
    assert kinds(story) == ["Alert", "Cancel"]
    root = by_the_standard(CITY.render(told(story)[-1]))
    assert text(root, "responseType") is None
    assert text(root, "headline") == f"撤销：{WARNING.headline}"


def test_a_closed_case_that_is_opened_again_warns_only_when_a_plan_is_started_again() -> None:
    story = ended(flooded())
    story.do(story.reopen())
    story.do(story.raises(Level.CITY))
    assert kinds(story) == ["Alert", "Cancel"]
    story.do(story.activate(FLOOD))
    assert kinds(story) == ["Alert", "Cancel", "Alert"]
    assert told(story)[-1].earlier == (), "a new chain: what was cancelled is not updated"


def test_the_history_alone_gives_the_last_message_and_the_documents_keep_it() -> None:
    story = flooded()
    story.do(story.raises())
    assert story.replayed() == story.case
    assert decode_case(encode(story.case)).alert == story.case.alert
    documents = [encode(event) for event in story.happened]
    assert [bulletin_of(document) for document in documents] == [event.alert for event in story.happened]
    assert [decode_event(document) for document in documents] == story.happened


def test_an_event_may_speak_of_alerts_without_carrying_one() -> None:
    story = a_story(State.PENDING_DISPATCH)
    event: Event = story.do(story.activate(QUIET)).happened[-1]
    talk = encode(replace(event, note='{"alert":{"no":1}}', reason='"alert":{'))
    assert bulletin_of(talk) is None
    assert bulletin_of(b'{"ticket":"T1","at":"2026-11-16T01:00:00Z"}') is None


STEPS: dict[str, Callable[[Story], Command]] = {
    "raise": lambda s: s.raises(Level.CITY),
    "raise more": lambda s: s.raises(Level.PROVINCE),
    "lower": lambda s: s.lowers(Level.STREET),
    "flood": lambda s: s.activate(FLOOD),
    "gas": lambda s: s.activate(an_activation(a_share("gas", 10, Part.LEAD), plan="gas-leak", alert=GAS)),
    "quiet": lambda s: s.activate(QUIET),
    "dispatch": lambda s: s.dispatch(DRAINS, ROADS),
    "accept": lambda s: s.accept(DRAINS),
    "finish": lambda s: s.finish(ROADS),
    "finish lead": lambda s: s.finish(DRAINS),
    "pass": lambda s: s.passes(),
    "ring": lambda s: s.ring(),
    "force": lambda s: s.force_close(),
    "reopen": lambda s: s.reopen(),
    "urge": lambda s: s.urge(),
}


@given(st.lists(st.tuples(st.sampled_from(sorted(STEPS)), st.sampled_from([1, 30, 600])), max_size=25))
def test_whatever_happens_the_public_hears_one_true_story(steps: list[tuple[str, int]]) -> None:
    story = a_story(State.PENDING_DISPATCH)
    for name, minutes in steps:
        with suppress(Refused, StopIteration):
            story.do(STEPS[name](story), story.now + timedelta(minutes=minutes))
        last = story.case.alert
        assert last is None or not last.standing or story.case.open, "nobody is warned of what is over"
        if last and last.standing:
            assert (last.level, last.category) == (story.case.level, story.case.category), "what is told is so"
    chain: tuple[Issued, ...] = ()
    for message in told(story):
        assert (message.kind == "Alert") == (chain == ())
        assert message.earlier == chain
        chain = (*chain, Issued(message.version, message.at)) if message.standing else ()
    assert story.replayed() == story.case


# --- What


def test_a_message_is_believed_for_a_day_or_as_long_as_the_units_have() -> None:
    assert told(flooded())[0].expires == told(flooded())[0].at + VALID
    story = a_story(State.PENDING_DISPATCH)
    story.do(story.activate(replace(FLOOD, shares=(a_share(DRAINS, 60 * 72, Part.LEAD),))))
    assert told(story)[0].expires == told(story)[0].at + timedelta(hours=72)


def test_the_message_of_an_ordinary_day() -> None:
    story = flooded()
    message = told(story)[0]
    root = by_the_standard(CITY.render(message))
    assert text(root, "identifier") == f"{story.case.no}.2"
    assert (text(root, "sender"), text(root, "senderName")) == ("yunhe", "云河市")
    assert text(root, "sent") == message.at.astimezone(ZONE).isoformat() == "2026-11-16T09:02:00+08:00"
    assert (text(root, "status"), text(root, "msgType"), text(root, "scope")) == ("Actual", "Alert", "Public")
    assert (text(root, "references"), text(root, "note")) == (None, None)
    assert text(root, "incidents") == story.case.no
    assert [text(root, name) for name in ("language", "category", "event", "urgency", "severity", "certainty")] == [
        "zh-CN", "Met", "内涝积水", "Expected", "Moderate", "Likely",
    ]  # fmt: skip
    assert (text(root, "headline"), text(root, "instruction")) == (WARNING.headline, WARNING.instruction)
    assert pairs(root, "eventCode") == {"gbt:event": "01001"}
    assert pairs(root, "parameter") == {"plan": "flood", "level": "district"}
    assert text(root, "areaDesc") == "云河市河东区桥头街道yh-east-01-001", "an area nobody named keeps its code"
    assert pairs(root, "geocode") == {"area": "yh-east-01-001"}
    assert text(root, "circle") == "39.9,116.4 0.5", "latitude first, unlike everywhere else"


def test_a_place_is_told_to_the_hundred_metres_and_nobodys_grid_is_named() -> None:
    story = Story()
    story.do(story.file(point=a_point(116.4034567, 39.9087654))).do(story.activate(FLOOD))
    root = by_the_standard(CITY.render(told(story)[0]))
    assert text(root, "circle") == "39.909,116.403 0.5"
    assert "110101001001001" not in CITY.render(told(story)[0]).decode()


def test_without_a_place_the_warning_is_for_the_whole_city() -> None:
    message = replace(told(flooded())[0], path=(), point=None)
    root = by_the_standard(CITY.render(message))
    assert (text(root, "areaDesc"), text(root, "circle"), pairs(root, "geocode")) == ("云河市", None, {})


def test_an_update_names_every_message_before_it_with_the_very_time_it_was_sent() -> None:
    story = flooded()
    story.do(story.raises()).do(story.lowers(Level.DISTRICT))
    roots = [by_the_standard(CITY.render(message)) for message in told(story)]
    named = [f"yunhe,{text(root, 'identifier')},{text(root, 'sent')}" for root in roots]
    assert (text(roots[1], "references") or "").split() == named[:1]
    assert (text(roots[2], "references") or "").split() == named[:2]
    assert len(set(named)) == 3


def test_the_end_gives_the_all_clear_and_asks_nothing_more_of_anybody() -> None:
    root = by_the_standard(CITY.render(told(ended(flooded()))[-1]))
    assert (text(root, "msgType"), text(root, "responseType"), text(root, "urgency")) == ("Cancel", "AllClear", "Past")
    assert text(root, "headline") == f"解除：{WARNING.headline}"
    assert (text(root, "instruction"), text(root, "note")) == (None, "解除")


def test_a_drill_is_seen_to_be_one_everywhere() -> None:
    story = flooded(DRILL)
    root = by_the_standard(CITY.render(told(story)[0]))
    assert (text(root, "status"), text(root, "scope")) == ("Exercise", "Restricted")
    assert text(root, "note") == "演练"
    assert (text(root, "headline") or "").startswith("【演练】")
    assert text(by_the_standard(CITY.render(told(ended(story))[-1])), "note") == "演练，解除"


def test_a_city_at_the_first_meridian_does_not_write_z() -> None:
    message = told(flooded())[0]
    assert text(by_the_standard(replace(CITY, zone=UTC).render(message)), "sent") == "2026-11-16T01:02:00-00:00"


def test_nothing_a_caller_or_a_worker_wrote_is_in_a_message() -> None:
    spoken = "王女士说她家门口的水没过膝盖"
    story = flooded()
    story.do(story.accept(ROADS)).do(story.finish(ROADS, note=spoken)).do(replace(story.raises(), note=spoken))
    story.do(replace(story.force_close(), note=spoken, reason=spoken))
    assert spoken in "".join(event.note for event in story.happened)
    assert all(spoken not in CITY.render(message).decode() for message in told(story))


@pytest.mark.parametrize(
    ("spoiled", "by"),
    [
        (b"<msgType>Alert</msgType>", b"<msgType>Warning</msgType>"),
        (b"<scope>Public</scope>", b"<scope>Restricted</scope>"),
        (b"+08:00</sent>", b"Z</sent>"),
        (b"<event>", b"<event/><event>"),
        (b"<language>zh-CN</language>", b""),
        (b"<circle>39.9,116.4 0.5", b"<circle>39.9 116.4"),
        (b"<msgType>Alert</msgType>", b"<msgType>Update</msgType>"),
    ],
)
def test_the_check_against_the_standard_can_fail(spoiled: bytes, by: bytes) -> None:
    document = CITY.render(told(flooded())[0])
    assert spoiled in document
    if by == b"":
        by_the_standard(document.replace(spoiled, by))
        document = document.replace(b"<severity>Moderate</severity>", b"")
    with pytest.raises(AssertionError):
        by_the_standard(document.replace(spoiled, by))


WRITTEN = st.text(min_size=1).map(lambda text: f"预警{text}")
POINTS = st.none() | st.builds(Point, st.floats(-180, 180), st.floats(-90, 90), st.just(Crs.WGS84))
SECONDS = st.integers(0, 20 * 365 * 86_400)
MOMENTS = SECONDS.map(lambda seconds: datetime(2020, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds + 0.25))
BULLETINS = st.builds(
    Bulletin,
    no=st.just("YH-261121-0000123-4"),
    version=st.integers(2, 10_000),
    at=MOMENTS,
    kind=st.just(MessageType.ALERT),
    plan=st.just("flood"),
    warning=st.builds(replace, st.just(WARNING), headline=WRITTEN, event=WRITTEN, instruction=WRITTEN),
    expires=MOMENTS,
    exercise=st.booleans(),
    level=st.sampled_from([None, *Level]),
    category=st.none() | st.just(a_category()),
    path=st.lists(WRITTEN, max_size=5).map(tuple),
    point=POINTS,
)


@given(BULLETINS, st.booleans(), st.booleans(), st.lists(st.builds(Issued, st.integers(2, 99), MOMENTS), min_size=1))
def test_whatever_is_to_be_said_the_document_keeps_to_the_standard_and_is_always_the_same(
    first: Bulletin, over: bool, lifted: bool, earlier: list[Issued]
) -> None:
    later = replace(
        first,
        kind=MessageType.CANCEL if over else MessageType.UPDATE,
        lifted=over and lifted,
        earlier=tuple(earlier),
    )
    for message in (first, later):
        document = CITY.render(message)
        root = by_the_standard(document)
        assert len((text(root, "references") or "").split()) == len(message.earlier)
        assert CITY.render(bulletin_of(b'{"alert":' + encode(message) + b"}") or first) == document


def test_the_alert_of_an_urgent_case_is_what_the_plan_says_and_not_what_the_case_is() -> None:
    story = Story()
    story.do(story.file(urgency=Urgency.CRITICAL)).do(story.activate(FLOOD))
    assert text(by_the_standard(CITY.render(told(story)[0])), "urgency") == "Expected"
