"""docs/asyncapi.yaml: topics, headers and contracts as AsyncAPI 3.0, made from streams/topics.py and the record types.

``python -m runtime.pages`` writes it; tests/house/test_asyncapi.py compares, and validates it.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec
import yaml
from msgspec.inspect import multi_type_info

from runtime.contracts import CONTRACTS, REPORT_EVENT_FIELDS
from streams.topics import (
    ALARM,
    ALERTS,
    CASE_EVENTS,
    DAY_MS,
    HOTLINE,
    INSPECTOR,
    MESSAGES,
    REPORT_EVENTS,
    SENSOR_READINGS,
    TICK_CONTRACT,
    TOPICS,
    Topic,
)

Plain = dict[str, Any]

_SCHEMAS = "#/components/schemas/"
_INTAKE = (HOTLINE, MESSAGES, INSPECTOR, ALARM)
_OUT = (REPORT_EVENTS, CASE_EVENTS, ALERTS)
_REPORT_EVENT = "ReportEvent"
_KEYS = {
    HOTLINE: "The ticket's number; any key will do, tickets do not depend on each other.",
    MESSAGES: "The centre and the ticket's number, with a slash between.",
    INSPECTOR: "The report's number; any key will do.",
    ALARM: "The device; any key will do.",
    SENSOR_READINGS: "The gateway; of a device without one the device itself. Partitioned as Kafka's own clients do.",
    REPORT_EVENTS: "The report's id.",
    CASE_EVENTS: "The case's id.",
    ALERTS: "The case's number.",
}


def asyncapi_page() -> str:
    """The whole document as YAML."""
    text: str = yaml.dump(document(), Dumper=_Indented, sort_keys=False, allow_unicode=True, width=110)
    return "# Made from the code by `python -m runtime.pages`; a test compares the two.\n" + text


def document() -> Plain:
    """The whole document as plain data."""
    contracts = dict.fromkeys(contract for topic in TOPICS for contract in topic.contracts)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "cityloop",
            "version": "1.0.0",
            "description": (
                "What call centres, phones and device platforms publish to cityloop, and what it publishes. A reader "
                "is strict about what is missing or of another type, and deaf to fields it does not know; a contract's "
                "major version stands in the header `schema`."
            ),
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "kafka": {
                "host": "{host}",
                "protocol": "kafka",
                "description": "The city's broker.",
                "variables": {"host": {"default": "127.0.0.1:9092", "description": "host:port"}},
            }
        },
        "channels": {_name(topic): _channel(topic) for topic in TOPICS},
        "operations": dict(_operations()),
        "components": {
            "messages": {contract: _message(contract) for contract in contracts},
            "schemas": _schemas(),
        },
    }


def _name(topic: Topic) -> str:
    return topic.name.replace(".", "-")


def _channel(topic: Topic) -> Plain:
    return {
        "address": f"{{prefix}}.{topic.name}",
        "title": topic.says,
        "description": f"Written by: {topic.owner}. Key: {topic.key}.",
        "messages": {contract: {"$ref": f"#/components/messages/{contract}"} for contract in topic.contracts},
        "parameters": {"prefix": {"default": "cityloop", "description": "the city's, `CITYLOOP_TOPIC_PREFIX`"}},
        "bindings": {
            "kafka": {
                "partitions": topic.partitions,
                "topicConfiguration": {"retention.ms": topic.retention_days * DAY_MS},
                "bindingVersion": "0.5.0",
            }
        },
    }


def _operations() -> Iterator[tuple[str, Plain]]:
    """What cityloop itself does: it receives what comes in, sends what goes out, and does both with its own work.

    And with readings: its HTTP and MQTT doors publish them, and its workers put ticks between them.
    """
    for topic in TOPICS:
        if topic not in _OUT:
            yield f"receive-{_name(topic)}", _operation("receive", topic)
        if topic not in _INTAKE:
            yield f"send-{_name(topic)}", _operation("send", topic)


def _operation(action: str, topic: Topic) -> Plain:
    channel = f"#/channels/{_name(topic)}"
    return {
        "action": action,
        "channel": {"$ref": channel},
        "summary": topic.says,
        "messages": [{"$ref": f"{channel}/messages/{contract}"} for contract in topic.contracts],
    }


def _message(contract: str) -> Plain:
    topic = next(topic for topic in TOPICS if contract in topic.contracts)
    message: Plain = {
        "name": contract,
        "contentType": "application/xml" if contract == ALERTS.contract else "application/json",
        "headers": _headers(contract, topic),
        "payload": _payload(contract),
    }
    if topic in _KEYS and contract != TICK_CONTRACT:
        key = {"type": "string", "description": _KEYS[topic]}
        message["bindings"] = {"kafka": {"key": key, "bindingVersion": "0.5.0"}}
    return message


def _headers(contract: str, topic: Topic) -> Plain:
    names: Plain = {"schema": {"type": "string", "const": contract}}
    if topic in _OUT:
        names |= {
            "type": {"type": "string", "description": "what happened; of a public message its CAP message type"},
            "id": {"type": "string", "description": "unique for ever: what repeats are known by"},
        }
    if topic in (REPORT_EVENTS, CASE_EVENTS):
        names |= {
            "version": {"type": "string", "pattern": "^[1-9][0-9]*$", "description": "counts a subject's events"},
            "position": {"type": "string", "description": "the place in the whole stream"},
        }
    return {"type": "object", "properties": names, "required": list(names)}


def _payload(contract: str) -> Plain:
    if contract == ALERTS.contract:
        return {"type": "string", "description": "an OASIS CAP 1.2 document in XML; docs/alerts.md"}
    if contract == REPORT_EVENTS.contract:
        return {"$ref": _SCHEMAS + _REPORT_EVENT}
    return {"$ref": _SCHEMAS + CONTRACTS[contract].__name__}


def _schemas() -> Plain:
    kinds = list(dict.fromkeys(CONTRACTS.values()))
    _, schemas = msgspec.json.schema_components(kinds, ref_template=_SCHEMAS + "{name}")
    for info in _structures(multi_type_info(kinds)):
        _date_times(schemas[info.cls.__name__], info)
    schemas = {name: _as_draft_7(schema) for name, schema in schemas.items()}
    schemas[_REPORT_EVENT] = {
        "title": _REPORT_EVENT,
        "description": "What happened to a report; it holds nothing a person wrote.",
        "type": "object",
        "properties": {name: dict(schema) for name, schema in REPORT_EVENT_FIELDS.items()},
        "required": list(REPORT_EVENT_FIELDS),
    }
    return schemas


def _structures(infos: Iterable[Any]) -> Iterator[Any]:
    """Every structure within these types, each once."""
    seen: set[type] = set()
    todo = list(infos)
    while todo:
        info = todo.pop()
        if hasattr(info, "fields"):
            if info.cls in seen:
                continue
            seen.add(info.cls)
            yield info
            todo += [field.type for field in info.fields]
        todo += [getattr(info, part) for part in ("item_type", "key_type", "value_type") if hasattr(info, part)]
        todo += [*getattr(info, "types", ()), *getattr(info, "item_types", ())]


def _date_times(schema: Plain, info: Any) -> None:
    """Say ``date-time`` where msgspec does not, because the offset is ours to check."""
    for field in info.fields:
        types = [type(each).__name__ for each in getattr(field.type, "types", (field.type,))]
        if "DateTimeType" in types:
            given = schema["properties"][field.encode_name]
            for each in given.get("anyOf", [given]):
                if each.get("type") == "string":
                    each["format"] = "date-time"


def _as_draft_7(schema: Any) -> Any:
    """AsyncAPI's own schemas are those of JSON Schema draft 7, where a list of fixed length is written otherwise."""
    if isinstance(schema, (list, tuple)):
        return [_as_draft_7(each) for each in schema]
    if not isinstance(schema, Mapping):
        return schema
    plain = {name: _as_draft_7(each) for name, each in schema.items()}
    if "prefixItems" in plain:
        plain |= {"items": plain.pop("prefixItems"), "additionalItems": False}
    if isinstance(plain.get("description"), str):
        plain["description"] = " ".join(plain["description"].split())
    return plain


class _Indented(yaml.SafeDumper):
    """Lists indented under their name, and no aliases."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Indent lists too."""
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        """Write everything out."""
        return True
