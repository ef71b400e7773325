"""Which type stands behind which contract on Kafka: what the pages and the AsyncAPI document are made of."""

from collections.abc import Mapping
from typing import Any

from domain.events import Event
from domain.report import Source
from domain.ticket_events import TicketEvent
from streams.messages import MESSAGE_CONTRACTS
from streams.records import HotlineTicket, InspectorReport, SensorAlarm, Work
from streams.sensor_wire import SensorReadings
from streams.sensors import SensorTick
from streams.topics import TICK_CONTRACT, TICKET_CONTRACT

CONTRACTS: Mapping[str, type] = {
    "hotline-ticket.v1": HotlineTicket,
    **MESSAGE_CONTRACTS,
    "inspector-report.v1": InspectorReport,
    "sensor-alarm.v1": SensorAlarm,
    "sensor-readings.v1": SensorReadings,
    TICK_CONTRACT: SensorTick,
    "work.v1": Work,
    "case-event.v1": Event,
    TICKET_CONTRACT: TicketEvent,
}
# Built by the statement store/queries/reports_let_in.sql, so there is no type to read it from.
REPORT_EVENT = {
    "report": "uuid: the report",
    "source": "`hotline`, `inspector` or `alarm`",
    "origin": "text: the sender that vouches for the report's number",
    "at": "time of acceptance, by the database's clock",
}
REPORT_EVENT_FIELDS: Mapping[str, Mapping[str, Any]] = {
    "report": {"type": "string", "format": "uuid"},
    "source": {"enum": [source.value for source in Source]},
    "origin": {"type": "string"},
    "at": {"type": "string", "format": "date-time"},
}
