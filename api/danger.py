"""Whether a report is about danger to life (``domain.life_safety``): said of a report, and guessed from a body unread.

The guess is for the moment when there is no room for all: it costs microseconds a report, never raises, and decides
only who is let in; what is let in is read and checked like everything else.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import parse_qsl

import msgspec

from domain.catalogue import Catalogue, Kind, Urgency
from domain.life_safety import LifeSafety
from domain.report import Report

T = TypeVar("T")

_MAX_FIELDS = 200


@dataclass(slots=True)
class _Said:
    text: str = ""
    category: str | None = None
    kind: Kind = Kind.EVENT
    condition: str | None = None
    urgency: Urgency = Urgency.NORMAL


@dataclass(slots=True)
class _Item:
    report: _Said


@dataclass(slots=True)
class _Batch:
    items: list[msgspec.Raw]


_REPORT = msgspec.json.Decoder(_Said)
_BATCH = msgspec.json.Decoder(_Batch)
_ITEM = msgspec.json.Decoder(_Item)


class Danger:
    """The city's idea of danger to life, with its catalogue; ``heard`` says how urgent a text sounds."""

    def __init__(self, city: LifeSafety, catalogue: Catalogue, heard: Callable[[str], Urgency]) -> None:
        self._city = city
        self._catalogue = catalogue
        self._heard = heard

    def of(self, report: Report) -> bool:
        """Whether the report is about danger to life."""
        return self._concerned(report)

    def of_json(self, body: bytes) -> bool:
        """Whether a report in JSON seems to be; False for what cannot be read."""
        return self._concerned(_read(_REPORT, body))

    def of_batch(self, body: bytes) -> bool:
        """Whether a report of a batch in JSON seems to be, whatever its neighbours look like."""
        batch = _read(_BATCH, body)
        items = (_read(_ITEM, item) for item in batch.items) if batch else ()
        return any(self._concerned(item.report) for item in items if item)

    def of_form(self, body: bytes) -> bool:
        """Whether a report of Open311 seems to be; False for what cannot be read."""
        with suppress(ValueError):
            sent = dict(parse_qsl(body.decode(), max_num_fields=_MAX_FIELDS))
            return self._concerned(_Said(text=sent.get("description", ""), category=sent.get("service_code")))
        return False

    def _concerned(self, said: _Said | Report | None) -> bool:
        if said is None:
            return False
        concerns = self._city.concerns(
            self._catalogue,
            text=said.text,
            category=said.category,
            kind=said.kind,
            condition=said.condition,
            urgency=said.urgency,
        )
        return concerns or self._city.grave(self._heard(said.text))


def _read(decoder: msgspec.json.Decoder[T], body: bytes | msgspec.Raw) -> T | None:
    with suppress(msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return decoder.decode(body)
    return None
