"""What a city pack says of its sensors: ``device_kinds.csv``, ``sensor_rules.csv``, ``alarm_causes.csv`` and
``maintenance.csv``."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, tzinfo
from math import inf, isfinite

from domain.catalogue import Urgency
from handlers.sensor_pack import SensorPack
from runtime.citypack.catalogue import Book
from runtime.citypack.files import PackFiles
from runtime.citypack.map import CityMap
from runtime.citypack.sensing_faults import check_rules
from runtime.citypack.sensor_rules import RuleReader, sensor_window
from runtime.citypack.tables import Row, Table, read_table, reject_repeated
from runtime.citypack.vocabulary import Vocabulary
from sensing.device import Kind
from sensing.rules import Rule, Silence
from sensing.storm import Reach
from sensing.times import Maintenance

_KINDS = Table(
    "device_kinds.csv",
    ("id", "name"),
    (
        "measure", "low", "high", "lateness_s", "skew_s", "silence_s", "fault_category", "fault_condition", "flaps",
        "flap_s", "note",
    ),
    headers={
        "计量单位": "measure", "量程下限": "low", "量程上限": "high", "容许迟到秒": "lateness_s",
        "容许超前秒": "skew_s", "离线秒": "silence_s", "故障类别": "fault_category",
        "故障条件": "fault_condition", "反复次数": "flaps", "反复时长秒": "flap_s",
    },
)  # fmt: skip
_RULES = Table(
    "sensor_rules.csv",
    ("id", "kind", "rule"),
    (
        "device", "level", "raise_at", "clear_at", "direction", "hold_s", "epsilon", "at_least", "within", "window",
        "category", "condition", "urgency", "alarm", "cause", "note",
    ),
    headers={
        "设备类型": "kind", "规则类型": "rule", "设备": "device", "报警值": "raise_at", "恢复值": "clear_at",
        "方向": "direction", "持续秒": "hold_s", "误差": "epsilon", "至少台数": "at_least", "范围": "within",
        "告警": "alarm", "成因": "cause",
    },
)  # fmt: skip
_CAUSES = Table(
    "alarm_causes.csv",
    ("id", "name"),
    ("within_m", "gap_min", "note"),
    headers={"距离米": "within_m", "间隔分钟": "gap_min"},
)
_MAINTENANCE = Table(
    "maintenance.csv",
    ("id", "from", "to"),
    ("device", "kind", "area", "note"),
    headers={"设备": "device", "设备类型": "kind", "起": "from", "止": "to"},
)
_SILENCE = "{}.silence"


def read_sensing(
    files: PackFiles, book: Book, city: CityMap, vocabulary: Vocabulary, zone: tzinfo | None
) -> SensorPack:
    """The sensors' part of the pack; what is wrong with it is noted. ``zone`` is the city's time zone."""
    rows = read_table(files, _KINDS, required=False) or []
    reject_repeated(rows, "id")
    declared = frozenset(row["id"] for row in rows)
    kinds = {row["id"]: kind for row in rows if (kind := _kind(row))}
    causes, reaches = _causes(files)
    hours = zone or UTC
    windows = {one.name: sensor_window(one, hours) for one in vocabulary.windows}
    reader = RuleReader(book, declared, kinds, windows, causes)
    rule_rows = read_table(files, _RULES, required=False) or []
    reject_repeated(rule_rows, "id", "device")
    rules = reader.read(rule_rows)
    check_rules(files, rules, kinds, {row["id"]: row.at for row in rule_rows if not row["device"]}, _RULES.file)
    of_kind: dict[str, list[Rule]] = defaultdict(list)
    for rule in rules:
        of_kind[rule.kind].append(rule)
    for row in rows:
        silence = _silence(row, book, of_kind[row["id"]])
        of_kind[row["id"]] += [silence] if silence else []
        if not of_kind[row["id"]] and not any(one["kind"] == row["id"] for one in rule_rows):
            files.findings.warn(row.at, "kind-without-rules", row["id"])
    whole = tuple(replace(kind, rules=tuple(of_kind[kind.id])) for kind in kinds.values())
    return SensorPack(whole, _maintenance(files, declared, city, hours), reaches, causes or {})


def _kind(row: Row) -> Kind | None:
    row.identifier("id")
    low, high = bound(row, "low", -inf), bound(row, "high", inf)
    if not low < high:
        row.fault("range-empty", f"{low:g} to {high:g}")
    house = Kind("", "")
    lateness, skew, flap = (
        seconds(row, column, getattr(house, column)) for column in ("lateness_s", "skew_s", "flap_s")
    )
    flaps = seconds(row, "flaps", house.flaps)
    if not row.ok:
        return None
    return Kind(row["id"], row["name"], row["measure"], low, high, lateness, skew, int(flaps), flap)


def _silence(row: Row, book: Book, rules: Sequence[Rule]) -> Silence | None:
    """The rule that ``silence_s`` stands for, unless the kind has one of its own."""
    after = seconds(row, "silence_s", 0)
    if not row["fault_category"]:
        if after:
            row.fault("cell-empty", "fault_category: silence is a fault of the device")
        return None
    category = book.named(row, row["fault_category"])
    condition = row["fault_condition"] or None
    known = book.condition_ids if condition not in book.unsure else None
    row.refer([condition] if condition else [], known, "condition-unknown")
    if not after or not row.ok or category is None or any(isinstance(rule, Silence) for rule in rules):
        return None
    return Silence(
        id=_SILENCE.format(row["id"]), kind=row["id"], after_s=after, category=category.key, condition=condition,
        urgency=Urgency.NORMAL,
    )  # fmt: skip


def _causes(files: PackFiles) -> tuple[Mapping[str, str] | None, Mapping[str, Reach]]:
    """Names of causes, None if the pack does not list them, and their reaches."""
    rows = read_table(files, _CAUSES, required=False) or []
    reject_repeated(rows, "id")
    house = Reach()
    reaches: dict[str, Reach] = {}
    for row in rows:
        row.identifier("id")
        within, gap = seconds(row, "within_m", house.within_m), seconds(row, "gap_min", house.gap_s / 60)
        if row.ok:
            reaches[row["id"]] = Reach(within, gap * 60)
    return {row["id"]: row["name"] for row in rows} if _CAUSES.file in files.seen else None, reaches


def _maintenance(files: PackFiles, kinds: frozenset[str], city: CityMap, zone: tzinfo) -> tuple[Maintenance, ...]:
    rows = read_table(files, _MAINTENANCE, required=False) or []
    reject_repeated(rows, "id")
    paths = city.atlases.paths if city.atlases else {}
    windows: list[Maintenance] = []
    for row in rows:
        row.identifier("id")
        first, last = _moment(row, "from", zone), _moment(row, "to", zone)
        row.refer([row["kind"]] if row["kind"] else [], kinds, "device-kind-unknown")
        areas = row.names("area")
        row.refer(areas, city.declared, "area-unknown")
        if first is not None and last is not None and last <= first:
            row.fault("validity-empty", "to is not after from")
        if row.ok and first is not None and last is not None:
            within = frozenset(code for code, path in paths.items() if set(areas) & set(path))
            windows.append(Maintenance(row["id"], first, last, row["device"], row["kind"], within, row["note"]))
    return tuple(windows)


def _moment(row: Row, column: str, zone: tzinfo) -> int | None:
    """Epoch milliseconds of a day and time in the city's time zone."""
    try:
        said = datetime.fromisoformat(row[column])
    except ValueError:
        row.fault("time-invalid", f"{column}: 2026-11-22 08:30 wanted")
        return None
    return round((said if said.tzinfo else said.replace(tzinfo=zone)).timestamp() * 1000)


def bound(row: Row, column: str, default: float) -> float:
    """The cell as a finite number; ``default`` where it is empty."""
    value = row.number(column, default)
    if row[column] and not isfinite(value):
        row.fault("number-invalid", column)
        return default
    return value


def seconds(row: Row, column: str, default: float) -> float:
    """The cell as a number that is not negative; ``default`` where it is empty."""
    value = bound(row, column, default)
    if value < 0:
        row.fault("number-invalid", f"{column}: not below 0")
        return default
    return value
