"""What the online geocoders Tianditu (天地图) and AMap (高德) are asked and answer. Used by runtime.geocoder."""

import json
from enum import StrEnum
from typing import Any

from domain.place import Crs, Doubt, Place, Point
from geo.address.answers import Candidate
from geo.address.entries import EntryKind, Precision
from geo.crs import to_wgs84_many

# How each service says how exact an answer is (AMap ``level``, Tianditu ``level``), and the metres we believe.
_LEVELS = {
    "门牌号": (Precision.HOUSE_NUMBER, 30.0),
    "门址": (Precision.HOUSE_NUMBER, 30.0),
    "兴趣点": (Precision.POI, 60.0),
    "地名地址": (Precision.POI, 60.0),
    "道路交叉路口": (Precision.CROSSING, 40.0),
    "道路": (Precision.ROAD, 1000.0),
    "村庄": (Precision.COMMUNITY, 800.0),
    "乡镇": (Precision.STREET, 3000.0),
    "区县": (Precision.DISTRICT, 10_000.0),
}
_UNKNOWN_LEVEL = (Precision.STREET, 3000.0)


class Service(StrEnum):
    """Whose requests and answers are spoken."""

    TIANDITU = "tianditu"
    AMAP = "amap"


def asked(service: Service, text: str, key: str) -> dict[str, str]:
    """The parameters of a request."""
    if service is Service.AMAP:
        return {"address": text, "key": key, "output": "JSON"}
    return {"ds": json.dumps({"keyWord": text}, ensure_ascii=False), "tk": key}


def read(service: Service, answer: dict[str, Any]) -> tuple[Candidate, ...]:
    """The candidates of an answer. Raises ValueError, KeyError, TypeError or AttributeError for any other shape."""
    if service is Service.AMAP:
        if answer["status"] != "1":
            raise ValueError("refused")
        found = [(row["formatted_address"], row["level"], *row["location"].split(",")) for row in answer["geocodes"]]
        return tuple(_candidate(name, level, float(lon), float(lat), Crs.GCJ02) for name, level, lon, lat in found)
    if answer["status"] != "0":
        raise ValueError("refused")
    spot = answer.get("location")
    if not spot:
        return ()
    name = spot.get("keyWord", "")
    return (_candidate(name, spot.get("level", ""), float(spot["lon"]), float(spot["lat"]), Crs.CGCS2000),)


def _candidate(name: str, level: str, lon: float, lat: float, crs: Crs) -> Candidate:
    if not (-180 <= lon <= 180 and -90 <= lat <= 90):
        raise ValueError("not in degrees")
    precision, uncertainty = _LEVELS.get(level, _UNKNOWN_LEVEL)
    if crs is Crs.GCJ02:
        lons, lats = to_wgs84_many([lon], [lat], crs)
        lon, lat, crs = float(lons[0]), float(lats[0]), Crs.WGS84
    point = Point(round(lon, 7), round(lat, 7), crs)
    # what somebody else's map says is for the desk: never sure enough to be taken without a look
    return Candidate(
        "", name, EntryKind.POI, point, Place(doubt=Doubt.NOWHERE), 0.5, precision, uncertainty, ("online",)
    )
