"""Hotline tickets for benchmarks: seeded, inside the demo city, of many categories, over a year, so that few join."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import msgspec
from aiokafka import AIOKafkaProducer

from runtime.citypack import Pack
from runtime.settings import Settings
from streams.topics import HOTLINE

_TEXTS = (
    "小区门口垃圾堆满没人清理", "路灯好几天不亮了", "井盖不见了，很危险", "路面坑洼积水", "楼下烧烤油烟扰民",
    "流动摊贩占道经营", "共享单车乱停放挡住盲道", "树枝折断快要掉下来", "工地夜里施工扬尘很大", "墙上贴满小广告",
)  # fmt: skip
_SPREAD = 0.0008  # degrees, about 90 m around the middle of a unit grid


def spots(pack: Pack) -> list[tuple[float, float]]:
    """A point in every unit grid."""
    middles = (area.polygon.representative_point() for area in pack.atlas.tree.areas.values() if len(area.code) == 15)
    return [(point.x, point.y) for point in middles]


def tickets(pack: Pack, count: int, seed: int = 1) -> Iterator[dict[str, object]]:
    """``count`` hotline tickets, the same for the same seed."""
    dice, places = random.Random(seed), spots(pack)
    now = datetime.now(UTC)
    for n in range(count):
        lon, lat = dice.choice(places)
        yield {
            "centre": "12345",
            "ticket_no": f"{seed}-{n}",
            "called_at": (now - timedelta(days=dice.uniform(0, 365))).isoformat(),
            "text": f"{dice.choice(_TEXTS)}，请尽快处理",
            "address": f"{n % 900}号门前",
            "position": {
                "lon": lon + dice.uniform(-_SPREAD, _SPREAD),
                "lat": lat + dice.uniform(-_SPREAD, _SPREAD),
                "crs": "EPSG:4326",
            },
            "caller": {"name": "来电人", "phone": "13800000000"},
        }


async def publish(settings: Settings, pack: Pack, count: int, seed: int = 1) -> None:
    """Put tickets on the hotline topic."""
    producer = AIOKafkaProducer(bootstrap_servers=settings.kafka_bootstrap, linger_ms=20, max_batch_size=200_000)
    await producer.start()
    headers = [("schema", HOTLINE.contract.encode())]
    topic = HOTLINE.full(settings.topic_prefix)
    try:
        sent = [
            await producer.send(topic, msgspec.json.encode(t), key=str(t["ticket_no"]).encode(), headers=headers)
            for t in tickets(pack, count, seed)
        ]
        for each in sent:
            await each
    finally:
        await producer.stop()
