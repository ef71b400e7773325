"""What is reported in a drill, and the three ways to say it: as a Kafka record, as an HTTP body, as a row of a table.

One number under one sender is one logical report, however often it is sent: (client, Idempotency-Key) by HTTP; (centre,
ticket number) by Kafka, and in tables whichever way they are imported.
"""

import json
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bench.tickets import tickets
from runtime.citypack import Pack
from streams.topics import HOTLINE

CENTRE = "drill"
CLIENT = "hotline-12345"
IMPORTER = "admin-1"
"""Whose key imports tables by HTTP: another centre's numbers are an administrator's to bring."""
HEADERS = (("schema", HOTLINE.contract.encode()),)
MAPPING = f"""
source: {CENTRE}
key: no
time: {{column: when}}
text: what
address: where
position: {{lon: x, lat: y, crs: EPSG:4326}}
"""
_HEADER = "no,when,what,where,x,y\n"


@dataclass(frozen=True, slots=True)
class Saying:
    """One logical report. ``by_http`` says which of the two senders it has."""

    number: str
    at: str
    text: str
    address: str
    lon: float
    lat: float
    by_http: bool = False

    @property
    def key(self) -> str:
        """Origin and number as the record has them."""
        return f"api:{CLIENT}/{self.http_key}" if self.by_http else f"hotline:{CENTRE}/{self.number}"

    @property
    def http_key(self) -> str:
        """The Idempotency-Key."""
        return f"{CENTRE}:{self.number}"

    @property
    def changed(self) -> "Saying":
        """Another report under the same number."""
        return replace(self, text=f"更正：{self.text}")

    def record(self) -> bytes:
        """The value of its Kafka record."""
        position = {"lon": self.lon, "lat": self.lat, "crs": "EPSG:4326"}
        said = {"centre": CENTRE, "ticket_no": self.number, "called_at": self.at, "text": self.text}
        return json.dumps({**said, "address": self.address, "position": position}, ensure_ascii=False).encode()

    def body(self) -> bytes:
        """The body of its POST."""
        position = {"lon": self.lon, "lat": self.lat, "crs": "EPSG:4326"}
        said = {"captured_at": self.at, "text": self.text, "address": self.address, "position": position}
        return json.dumps(said, ensure_ascii=False).encode()

    def row(self) -> str:
        """Its row in a table."""
        return f"{self.number},{self.at},{self.text},{self.address},{self.lon!r},{self.lat!r}\n"


def sayings(pack: Pack, count: int, seed: int) -> Iterator[Saying]:
    """``count`` logical reports with numbers of their own, all by Kafka."""
    for ticket in tickets(pack, count, seed):
        place = ticket["position"]
        assert isinstance(place, dict)
        yield Saying(
            str(ticket["ticket_no"]), str(ticket["called_at"]), str(ticket["text"]), str(ticket["address"]),
            place["lon"], place["lat"],
        )  # fmt: skip


def table(path: Path, rows: Iterable[Saying]) -> Path:
    """Write rows as a file that ``MAPPING`` explains."""
    path.write_text(_HEADER + "".join(one.row() for one in rows), encoding="utf-8")
    return path


def reordered(rows: Sequence[Saying], dice: random.Random) -> list[Saying]:
    """The same rows in another order."""
    return dice.sample(list(rows), len(rows))
