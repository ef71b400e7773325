"""The column names understood without a mapping file, in Chinese and in English: a mapping made of a header."""

from collections.abc import Mapping, Sequence
from datetime import tzinfo

from domain.catalogue import Kind, Urgency
from domain.errors import Fault, Invalid
from domain.place import Crs
from domain.ticket import Appeal
from runtime.importing.mapping import RowMapping

# What a column means: its names, the English one first.
NAMES: Mapping[str, tuple[str, ...]] = {
    "ticket_no": ("ticket_no", "工单号", "工单编号", "诉求编号", "编号"),
    "occurred_at": ("occurred_at", "called_at", "captured_at", "事发时间", "来电时间", "诉求时间", "上报时间"),
    "text": ("text", "诉求内容", "问题描述", "事件描述", "内容"),
    "address": ("address", "地址", "事发地址", "详细地址"),
    "city": ("city", "市", "所属市"),
    "district": ("district", "区", "区县", "所属区", "所属区县"),
    "street": ("street", "街道", "街道乡镇", "所属街道"),
    "community": ("community", "社区", "社区村", "所属社区"),
    "grid": ("grid", "网格", "单元网格"),
    "lon": ("lon", "lng", "longitude", "经度"),
    "lat": ("lat", "latitude", "纬度"),
    "crs": ("crs", "坐标系"),
    "category": ("category", "类别", "类别代码", "小类代码"),
    "kind": ("kind", "部件或事件"),
    "condition": ("condition", "立案条件"),
    "urgency": ("urgency", "紧急程度"),
    "appeal": ("appeal", "诉求类型"),
    "asset": ("asset", "部件标识码"),
    "caller_name": ("caller_name", "联系人", "来电人", "诉求人"),
    "caller_phone": ("caller_phone", "联系电话", "来电号码"),
}
REQUIRED = ("ticket_no", "occurred_at", "text")
_AREAS = ("city", "district", "street", "community", "grid")

URGENCIES = {"一般": "normal", "紧急": "urgent", "非常紧急": "critical", **{word.value: word.value for word in Urgency}}
KINDS = {"部件": "component", "事件": "event", "事项": "event", **{word.value: word.value for word in Kind}}
APPEALS = {
    "咨询": "inquiry", "求助": "help", "投诉": "complaint", "举报": "tip", "建议": "suggestion",
    **{word.value: word.value for word in Appeal},
}  # fmt: skip
SYSTEMS = {
    "WGS84": Crs.WGS84.value, "WGS-84": Crs.WGS84.value, "GCJ-02": Crs.GCJ02.value, "BD-09": Crs.BD09.value,
    "CGCS2000": Crs.CGCS2000.value, **{word.value: word.value for word in Crs},
}  # fmt: skip

_WORDS: Mapping[str, Mapping[str, str]] = {"urgency": URGENCIES, "kind": KINDS, "appeal": APPEALS}
_EMPTY = ("", "-", "/", "无")
_BY_NAME = {name: meaning for meaning, names in NAMES.items() for name in names}


def default_mapping(header: Sequence[str], source: str, zone: tzinfo, crs: Crs | None) -> RowMapping:
    """The mapping that a table's own column names make.

    Times without an offset are in ``zone``. Raises ``Invalid`` with code ``csv-header``: its faults are the columns
    that are missing, unknown, or mean the same as another.
    """
    found: dict[str, str] = {}
    faults: list[Fault] = []
    for column in header:
        meaning = _BY_NAME.get(column.strip().lower())
        if meaning is None:
            faults.append(Fault(column[:64], "column-unknown", "rename it, take it out, or write a mapping"))
        elif meaning in found:
            faults.append(Fault(column, "column-repeated", f"it means the same as {found[meaning]}"))
        else:
            found[meaning] = column
    faults += [Fault(name, "column-missing", " or ".join(NAMES[name])) for name in REQUIRED if name not in found]
    if ("lon" in found) is not ("lat" in found):
        faults.append(Fault("lat" if "lon" in found else "lon", "column-missing"))
    if "lon" in found and "lat" in found and crs is None and "crs" not in found:
        faults.append(Fault("crs", "column-missing", "or declare the coordinate system of the whole table"))
    if faults:
        raise Invalid("csv-header", "表头缺失或有误", f"{len(faults)} columns", tuple(faults))
    return RowMapping.model_validate(
        {
            "source": source,
            "key": found["ticket_no"],
            "time": {"column": found["occurred_at"], "timezone": str(zone)},
            "text": found["text"],
            "address": [found[name] for name in ("address",) if name in found],
            "areas": [found[name] for name in _AREAS if name in found],
            "position": _position(found, crs),
            "category": found.get("category"),
            "condition": found.get("condition"),
            **{name: _words(found, name, words) for name, words in _WORDS.items()},
            "asset": found.get("asset"),
            "caller": {"name": found.get("caller_name"), "phone": found.get("caller_phone")},
            "not_given": _EMPTY,
        }
    )


def _words(found: Mapping[str, str], name: str, words: Mapping[str, str]) -> dict[str, object] | None:
    """A column of words; one that is not known is a fault and no silence."""
    return {"column": found[name], "values": dict(words), "keep": True} if name in found else None


def _position(found: Mapping[str, str], crs: Crs | None) -> dict[str, object] | None:
    if "lon" not in found:
        return None
    return {"lon": found["lon"], "lat": found["lat"], "crs": crs, "crs_from": _words(found, "crs", SYSTEMS)}
