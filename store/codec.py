"""Domain values to and from the documents in PostgreSQL's json columns. The only place that knows both."""

from typing import Any, TypeVar

import msgspec

from domain.case import Case
from domain.events import Event
from domain.report import Report

T = TypeVar("T")

_encoder = msgspec.json.Encoder()
_cases = msgspec.json.Decoder(Case)
_events = msgspec.json.Decoder(Event)
_reports = msgspec.json.Decoder(Report)


def encode(value: object) -> bytes:
    """A domain value (or plain data) as UTF-8 JSON; fields in their declared order, times as RFC 3339."""
    return _encoder.encode(value)


def decode_case(document: bytes) -> Case:
    """A case as stored by ``encode``."""
    return _cases.decode(document)


def decode_event(document: bytes) -> Event:
    """A case event as stored by ``encode``."""
    return _events.decode(document)


def decode_report(document: bytes) -> Report:
    """A report as stored by ``encode``."""
    return _reports.decode(document)


def decode_plain(document: bytes) -> Any:
    """Any JSON document as plain data."""
    return msgspec.json.decode(document)
