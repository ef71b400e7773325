"""The message shown in docs/alerts.md is what the demo city would really send."""

import re
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from domain.bulletin import Bulletin, Issued, MessageType
from domain.catalogue import Kind
from domain.place import Crs, Level, Point
from runtime.wiring import issuer
from streams.topics import ALERTS
from tests.demo_city import pack
from tests.unit.test_cap import by_the_standard

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "alerts.md").read_text(encoding="utf-8")


def the_update() -> Bulletin:
    """A gas leak by the lake, half an hour later handled by the city."""
    plan = next(plan for plan in pack().policy.plans if plan.id == "gas-leak")
    assert plan.alert is not None
    at = datetime.fromisoformat("2026-11-21T09:12:00+08:00")
    return Bulletin(
        no="YH-261121-0000123-4",
        version=7,
        at=at,
        kind=MessageType.UPDATE,
        plan=plan.id,
        warning=plan.alert,
        expires=at + timedelta(hours=24),
        level=Level.CITY,
        category=pack().catalogue.find("01011", Kind.EVENT),
        path=("439900", "439901", "439901001"),
        point=Point(113.934867, 27.964142, Crs.WGS84),
        earlier=(Issued(3, at - timedelta(minutes=22)),),
    )


def test_the_example_is_what_the_demo_city_sends() -> None:
    (shown,) = re.findall(r"```xml\n(.*?)```", PAGE, re.DOTALL)
    by_the_standard(shown.encode())
    assert shown.encode() == issuer(pack()).render(the_update())
    assert shown.encode() != issuer(pack()).render(replace(the_update(), version=8))


def test_the_page_names_the_topic_and_its_contract() -> None:
    assert f"Kafka topic `{ALERTS.name}`" in PAGE
    assert f"`{ALERTS.contract}`" in PAGE
