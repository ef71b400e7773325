"""State of devices as bytes, and back, also under other rules than it was packed with."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import astuple
from struct import Struct
from typing import Any, Final

import numpy as np

from sensing.desk import Alarm
from sensing.layout import RAISED, Layout, row_type
from sensing.of_kind import OfKind
from sensing.reading import Rows, State
from sensing.rules import Neighbours

VERSION: Final = 1
_HEAD: Final = Struct("<4sHI")
_MAGIC: Final = b"CLSR"
_PLAIN: Final = ("newest", "judged", "value", "value_at", "flags")


def pack(kinds: Sequence[OfKind], numbers: Rows, rows: Rows) -> bytes:
    """The state of rows, each of the kind with its number."""
    heads: list[str] = []
    states: list[bytes] = []
    for number in np.flatnonzero(np.bincount(numbers)).tolist():
        one, here = kinds[number], rows[numbers == number]
        alarms = [
            [int(one.state["device"][row]), family, astuple(alarm)]
            for row in (here.tolist() if one.desk.alarms else ())
            for family, alarm in one.desk.alarms.get(row, {}).items()
        ]
        told = json.dumps(alarms, separators=(",", ":")) if alarms else "[]"
        heads.append(f'{{"many":{len(here)},"alarms":{told},{one.layout.written[1:]}')
        # rows as bytes without fields: numpy copies these at once, and structured ones field by field
        states.append(one.state.view(f"V{one.state.dtype.itemsize}")[here].tobytes())
    head = f"[{','.join(heads)}]".encode()
    return b"".join((_HEAD.pack(_MAGIC, VERSION, len(head)), head, *states))


def unpack(kinds: Sequence[OfKind], numbers: Rows, rows: Rows, data: bytes) -> None:
    """Take up packed state. Raises ``ValueError``."""
    if len(data) < _HEAD.size:
        raise ValueError("no state of sensors")
    magic, version, length = _HEAD.unpack_from(data)
    if magic != _MAGIC or version != VERSION:
        raise ValueError(f"state of version {version}, {VERSION} wanted")
    place = _HEAD.size + length
    packed: dict[str, tuple[dict[str, Any], State]] = {}
    for head in json.loads(data[_HEAD.size : place]):
        dtype = row_type(
            len(head["rules"]), head["deep"], [(name, form) for name, form in head["memory"]], head["keep"]
        )
        packed[head["kind"]] = head, np.frombuffer(data, dtype, head["many"], place)
        place += head["many"] * dtype.itemsize
    for number in np.unique(numbers).tolist():
        kind, here = kinds[number], rows[numbers == number]
        kind.begin_anew(here)
        if kind.kind.id in packed:
            _take_up(kind, here, *packed[kind.kind.id])


def _take_up(kind: OfKind, rows: Rows, head: Mapping[str, Any], old: State) -> None:
    """Fill fresh rows with what was packed of the same devices."""
    if not len(old):
        return
    state, by_device = kind.state, np.argsort(old["device"])
    found = np.searchsorted(old["device"][by_device], state["device"][rows]).clip(max=len(old) - 1)
    source = by_device[found]
    same = old["device"][source] == state["device"][rows]
    rows, source = rows[same], source[same]
    for name in _PLAIN:
        state[name][rows] = old[name][source]
    places = {(id_, how): place for place, (id_, how) in enumerate(head["rules"])}
    old_memory = {place: n for n, place in enumerate(head["keep"])}
    for number, rule in enumerate(kind.layout.rules):
        place = places.get((rule.id, rule.how))
        if place is None:
            continue
        state["code"][rows, number], state["since"][rows, number] = (
            old["code"][source, place],
            old["since"][source, place],
        )
        column = kind.layout.baselines.get(number)
        if column is not None and state.dtype["memory"].base == old.dtype["memory"].base:
            state["memory"][rows, column] = old["memory"][source, old_memory[place]]
        if isinstance(rule, Neighbours):
            for row in rows[state["code"][rows, number] == RAISED].tolist():
                kind.desk.beyond(rule, row, int(state["since"][row, number]), float(state["value"][row]))
    _waiting(kind.layout, state, rows, old, source)
    row_of = dict(zip(state["device"][rows].tolist(), rows.tolist(), strict=True))
    for device, family, plain in head["alarms"]:
        if device in row_of:
            kind.desk.take_up(row_of[device], family, Alarm(*plain))


def _waiting(layout: Layout, state: State, rows: Rows, old: State, source: Rows) -> None:
    """The readings that wait, as many as there is room for."""
    if layout.late_ms and "waiting" in (old.dtype.names or ()):
        deep = min(layout.kind.waiting, old.dtype["wait_at"].shape[0])
        state["waiting"][rows] = np.minimum(old["waiting"][source], deep)
        state["wait_at"][rows, :deep] = old["wait_at"][source, :deep]
        state["wait_value"][rows, :deep] = old["wait_value"][source, :deep]
