"""State of devices as bytes, and back, also under other rules than it was packed with."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
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
    """The state of rows, each of the kind with its number, in one piece."""
    heads: list[str] = []
    states: list[bytes] = []
    for number in np.flatnonzero(np.bincount(numbers)).tolist():
        one, here = kinds[number], rows[numbers == number]
        heads.append(_head(one, here.tolist() if one.desk.alarms else (), len(here)))
        states.append(_plain(one, here))
    return b"".join((_begun(heads), *states))


def pack_each(kinds: Sequence[OfKind], numbers: Rows, rows: Rows) -> list[bytes]:
    """The state of rows, a piece for each."""
    packed = [b""] * len(rows)
    for number in np.flatnonzero(np.bincount(numbers)).tolist():
        one, places = kinds[number], np.flatnonzero(numbers == number)
        here, size = rows[places], one.state.dtype.itemsize
        plain, quiet = _plain(one, here), _begun([_head(one, (), 1)])
        for n, (place, row) in enumerate(zip(places.tolist(), here.tolist(), strict=True)):
            begun = _begun([_head(one, [row], 1)]) if row in one.desk.alarms else quiet
            packed[place] = begun + plain[n * size : n * size + size]
    return packed


def unpack(kinds: Sequence[OfKind], numbers: Rows, rows: Rows, data: bytes) -> None:
    """Take up packed state. Raises ``ValueError``."""
    place = _begins(data)
    packed: dict[str, tuple[dict[str, Any], State]] = {}
    for head in json.loads(data[_HEAD.size : place]):
        packed[head["kind"]] = head, _states(head, data, place, head["many"])
        place += packed[head["kind"]][1].nbytes
    for number in np.unique(numbers).tolist():
        kind, here = kinds[number], rows[numbers == number]
        kind.begin_anew(here)
        if kind.kind.id in packed:
            _take_up(kind, here, *packed[kind.kind.id])


def unpack_each(kinds: Sequence[OfKind], numbers: Rows, rows: Rows, packed: Sequence[bytes]) -> None:
    """Take up pieces of one row each. Raises ``ValueError``."""
    # all that is quiet of one kind has the same head, and is taken up together
    alike: dict[tuple[int, bytes], list[int]] = defaultdict(list)
    for n, (number, data) in enumerate(zip(numbers.tolist(), packed, strict=True)):
        alike[number, data[: _begins(data)]].append(n)
    for (number, begun), places in alike.items():
        kind, here = kinds[number], rows[places]
        kind.begin_anew(here)
        for head in json.loads(begun[_HEAD.size :]):
            if head["kind"] == kind.kind.id:
                plain = b"".join(packed[place][len(begun) :] for place in places)
                _take_up(kind, here, head, _states(head, plain, 0, len(places)))


def _head(one: OfKind, rows: Iterable[int], many: int) -> str:
    """What is said of a kind before its rows; ``rows`` are those that may have alarms."""
    alarms = [
        [int(one.state["device"][row]), family, astuple(alarm)]
        for row in rows
        for family, alarm in one.desk.alarms.get(row, {}).items()
    ]
    told = json.dumps(alarms, separators=(",", ":")) if alarms else "[]"
    return f'{{"many":{many},"alarms":{told},{one.layout.written[1:]}'


def _begun(heads: Sequence[str]) -> bytes:
    head = f"[{','.join(heads)}]".encode()
    return _HEAD.pack(_MAGIC, VERSION, len(head)) + head


def _begins(data: bytes) -> int:
    """Where the rows begin. Raises ``ValueError``."""
    if len(data) < _HEAD.size:
        raise ValueError("no state of sensors")
    magic, version, length = _HEAD.unpack_from(data)
    if magic != _MAGIC or version != VERSION:
        raise ValueError(f"state of version {version}, {VERSION} wanted")
    return _HEAD.size + int(length)


def _plain(one: OfKind, rows: Rows) -> bytes:
    # rows as bytes without fields: numpy copies these at once, and structured ones field by field
    return one.state.view(f"V{one.state.dtype.itemsize}")[rows].tobytes()


def _states(head: Mapping[str, Any], data: bytes, place: int, many: int) -> State:
    dtype = row_type(len(head["rules"]), head["deep"], [(name, form) for name, form in head["memory"]], head["keep"])
    return np.frombuffer(data, dtype, many, place)


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
