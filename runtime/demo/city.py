"""What happens in Yunhu on one day: every message that will be sent, when, by whom and through which door. Seeded.

The same seed gives the same incidents at the same moments; the run's name makes the numbers on them new.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import count
from random import Random
from typing import Any

from domain.place import Crs, Level
from geo.crs import from_wgs84_many
from runtime.citypack import Pack
from runtime.demo.words import COMPLAINTS, DEVICES, MORNING, SEEN, SPOTS, VAGUE, Device
from streams.topics import ALARM, HOTLINE, Topic

Plain = dict[str, Any]

CENTRE = "12345"
RUSH = (3, 6, 9, 8, 6, 5, 6, 8, 9, 5)
"""How busy each tenth of the day is."""

ECHOES, REPEATS, UNUSABLE = 0.09, 0.04, 0.02
"""Shares: about an incident already reported; the same message once more; nobody can use it."""

COMPLAINERS = [text for text in VAGUE if text != MORNING]

_METRE = 1 / 111_320


@dataclass(frozen=True, slots=True)
class Message:
    """One thing that is sent ``at`` a moment of the day (0 to 1). No topic: by HTTP, with the key of ``client``.

    ``origin`` and ``key`` are what the record must know it by; sent again, it is the same report.
    """

    at: float
    topic: Topic | None
    client: str
    origin: str
    key: str
    value: bytes
    route: str = ""
    headers: tuple[tuple[str, bytes], ...] = ()


@dataclass(frozen=True, slots=True)
class Spot:
    """Where something is: a point (WGS-84), the codes of its areas from the city down, and how people call it."""

    lon: float
    lat: float
    path: tuple[str, ...]
    words: str

    def near(self, dice: Random, metres: float) -> "Spot":
        """A spot a few steps away."""
        step = metres * _METRE
        return replace(self, lon=self.lon + dice.uniform(-step, step), lat=self.lat + dice.uniform(-step, step))


@dataclass(frozen=True, slots=True)
class Incident:
    """Something that others may notice too."""

    at: float
    category: str
    spot: Spot


def day(pack: Pack, *, run: str, seed: int, reports: int, now: datetime) -> list[Message]:
    """Every message of the day in order of time: ``reports`` usable ones, repeats and unusable ones on top.

    The first is the call centre's line test, before the city wakes up.
    """
    author = _Author(pack, run, Random(seed), now)  # noqa: S311  (chance for a play)
    dice = author.dice
    first = author.morning_call()
    moments = sorted((slot + dice.random()) / len(RUSH) for slot in dice.choices(range(len(RUSH)), RUSH, k=reports - 1))
    told = [author.report(at) for at in moments]
    again = [replace(one, at=min(1.0, one.at + 0.002)) for one in dice.sample(told, int(reports * REPEATS))]
    unusable = [author.unusable(dice.choice(told)) for _ in range(max(9, int(reports * UNUSABLE)))]
    return [first, *sorted([*told, *again, *unusable], key=lambda message: message.at)]


class _Author:
    """Writes the messages, in order of time, and remembers what happened lately."""

    def __init__(self, pack: Pack, run: str, dice: Random, now: datetime) -> None:
        self.dice = dice
        self._pack = pack
        self._run = run
        self._now = now
        self._numbers = count(1)
        self._faults = count()
        self._lately: list[Incident] = []
        areas = pack.atlas.tree.areas.values()
        self._grids = [area for area in areas if area.level is Level.GRID and area.polygon is not None]
        self._inspectors = [client for client in pack.clients if client.role == "inspector"]

    def report(self, at: float) -> Message:
        """A usable report: by telephone, by an inspector's phone, or by a sensor."""
        self._lately = [one for one in self._lately if one.at > at - 0.10]
        settled = [one for one in self._lately if one.at < at - 0.01]
        if settled and self.dice.random() < ECHOES:
            return self._echo(at, self.dice.choice(settled))
        spot, luck = self._spot(), self.dice.random()
        if luck < 0.50:
            return self._call(at, spot)
        if luck < 0.82:
            category = self.dice.choice(list(SEEN))
            return self._sighting(at, self._happened(at, category, spot))
        device = self.dice.choice(DEVICES)
        return self._alarm(at, device, self._happened(at, device.category, spot))

    def _happened(self, at: float, category: str, spot: Spot) -> Spot:
        self._lately.append(Incident(at, category, spot))
        return spot

    def _echo(self, at: float, incident: Incident) -> Message:
        """Somebody else tells of an incident that is known already."""
        spot = incident.spot.near(self.dice, 15)
        if incident.category in COMPLAINTS:
            return self._ticket(at, self._complaint(incident.category, spot), position=self._map_click(spot))
        if incident.category in SEEN:
            return self._sighting(at, spot, incident.category)
        return self._alarm(at, next(d for d in DEVICES if d.category == incident.category), incident.spot)

    # --- The hotline

    def morning_call(self) -> Message:
        """The line test."""
        return self._ticket(0.0, MORNING)

    def _call(self, at: float, spot: Spot) -> Message:
        luck = self.dice.random()
        names = [self._pack.atlas.name(code) for code in spot.path[1:4]]
        if luck < 0.12:
            return self._ticket(at, self.dice.choice(COMPLAINERS), areas=names)
        category = self.dice.choice(list(COMPLAINTS))
        text = self._complaint(category, spot)
        if luck < 0.15:  # a name that two communities share
            return self._ticket(at, text, areas=["新村社区"])
        if luck < 0.55:
            return self._ticket(at, text, areas=names)
        return self._ticket(at, text, position=self._map_click(self._happened(at, category, spot)))

    def _complaint(self, category: str, spot: Spot) -> str:
        return self.dice.choice(COMPLAINTS[category]).format(at=spot.words)

    def _ticket(self, at: float, text: str, **where: Any) -> Message:
        urgency = "urgent" if self.dice.random() < 0.06 else "normal"
        return self._hotline(at, self._number("T"), {"text": text, "urgency": urgency, **where})

    def _hotline(self, at: float, number: str, said: Plain) -> Message:
        caller = {"name": self.dice.choice("赵钱孙李周吴郑王") + "先生", "phone": f"0399-555{self._digits(4)}"}
        body = {"centre": CENTRE, "ticket_no": number, "called_at": self._lately_said(), "caller": caller, **said}
        return Message(at, HOTLINE, "", f"hotline:{CENTRE}", number, _json(body), number, _schema(HOTLINE))

    def _map_click(self, spot: Spot) -> Plain:
        """Public maps are drawn in GCJ-02; what a clerk clicks on one is some 500 m beside WGS-84."""
        lons, lats = from_wgs84_many([spot.lon], [spot.lat], Crs.GCJ02)
        return _position(float(lons[0]), float(lats[0]), Crs.GCJ02)

    # --- Inspectors

    def _sighting(self, at: float, spot: Spot, category: str = "") -> Message:
        category = category or self._lately[-1].category
        condition, text = SEEN[category]
        where = _position(spot.lon, spot.lat, Crs.CGCS2000)
        return self._phoned(at, spot, {"category": category, "condition": condition, "text": text, "position": where})

    def _phoned(self, at: float, spot: Spot, said: Plain) -> Message:
        own = [one.id for one in self._inspectors if not set(one.areas).isdisjoint(spot.path)]
        client = self.dice.choice(own or [one.id for one in self._inspectors])
        body = {"captured_at": self._lately_said(), **said}
        return Message(at, None, client, f"api:{client}", self._number("P"), _json(body))

    # --- Sensors

    def _alarm(self, at: float, device: Device, spot: Spot) -> Message:
        body = {"category": device.category, "condition": device.condition, "text": device.text}
        where = _position(spot.lon, spot.lat, Crs.WGS84)
        return self._raised(at, device, spot, {**body, "urgency": device.urgency, "position": where})

    def _raised(self, at: float, device: Device, spot: Spot, said: Plain) -> Message:
        number, name = self._number("A"), f"{device.prefix}-{spot.path[-1][-9:]}"
        body = {"platform": device.platform, "alarm_id": number, "device": name, "raised_at": self._lately_said()}
        value = _json({**body, **said})
        return Message(at, ALARM, "", f"alarm:{device.platform}", number, value, name, _schema(ALARM))

    # --- What nobody can use

    def unusable(self, earlier: Message) -> Message:
        """The next kind of fault; some spoil a message of their own, one misuses the number of an earlier one."""
        kinds: Sequence[Callable[[float, Message], Message]] = (
            self._not_json, self._no_text, self._blank, self._tomorrow, self._unversioned, self._swapped,
            self._in_words, self._unheard_of, self._number_taken,
        )  # fmt: skip
        return kinds[next(self._faults) % len(kinds)](self.dice.uniform(0.05, 0.95), earlier)

    def _not_json(self, at: float, _: Message) -> Message:
        return replace(self._ticket(at, ""), value="<ticket><text>路灯不亮</text></ticket>".encode())

    def _no_text(self, at: float, _: Message) -> Message:
        return self._hotline(at, self._number("T"), {"areas": ["临湖区"]})

    def _blank(self, at: float, _: Message) -> Message:
        return self._ticket(at, "  \n ")

    def _tomorrow(self, at: float, _: Message) -> Message:
        later = (self._now + timedelta(days=1)).isoformat()
        return self._hotline(at, self._number("T"), {"text": "时钟走快了一天的话务台", "called_at": later})

    def _unversioned(self, at: float, _: Message) -> Message:
        return replace(self._alarm(at, DEVICES[0], self._spot()), headers=())

    def _swapped(self, at: float, _: Message) -> Message:
        spot = self._spot()
        where = _position(spot.lat, spot.lon, Crs.WGS84)
        return self._raised(at, DEVICES[1], spot, {"category": DEVICES[1].category, "position": where})

    def _in_words(self, at: float, _: Message) -> Message:
        where = {"lon": "东经一百一十三度", "lat": "北纬二十七度", "crs": "EPSG:4326"}
        return self._raised(at, DEVICES[5], self._spot(), {"category": DEVICES[5].category, "position": where})

    def _unheard_of(self, at: float, _: Message) -> Message:
        return self._phoned(at, self._spot(), {"text": "旧版手机端", "photo_album": 3})

    def _number_taken(self, _: float, earlier: Message) -> Message:
        """Another report under a number that is taken, a little after the first."""
        at = min(1.0, earlier.at + 0.05)
        if earlier.topic is None:
            return replace(earlier, at=at, value=_json({"text": "另一件事，用了同一个编号"}))
        body = json.loads(earlier.value)
        return replace(earlier, at=at, value=_json({**body, "text": "另一件事，用了同一个编号"}))

    # --- Small things

    def _spot(self) -> Spot:
        grid = self.dice.choice(self._grids)
        path = self._pack.atlas.path(grid.code)
        middle = grid.polygon.representative_point()
        words = self._pack.atlas.name(path[3]) + self.dice.choice(SPOTS)
        return Spot(middle.x, middle.y, path, words).near(self.dice, 40)

    def _number(self, kind: str) -> str:
        return f"{kind}{self._run}-{next(self._numbers):05d}"

    def _digits(self, length: int) -> str:
        return "".join(self.dice.choices("0123456789", k=length))

    def _lately_said(self) -> str:
        return (self._now - timedelta(seconds=self.dice.randint(10, 600))).isoformat()


def _position(lon: float, lat: float, crs: Crs) -> Plain:
    return {"lon": round(lon, 7), "lat": round(lat, 7), "crs": crs.value}


def _schema(topic: Topic) -> tuple[tuple[str, bytes], ...]:
    return (("schema", topic.contract.encode()),)


def _json(body: Plain) -> bytes:
    return json.dumps(body, ensure_ascii=False).encode()
