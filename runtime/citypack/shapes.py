"""The drawings of a city pack: GeoJSON features by code, and the line each stands in. Used by ``citypack.map``."""

import json
import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import msgspec
import shapely

from geo.rings import mend
from runtime.citypack.files import PackFiles

_CODE = re.compile(r'"code"\s*:\s*"?([^",}\s]+)')


@dataclass(frozen=True)
class Shapes:
    """Polygons by area code and the day they hold from (empty: at all times), from one file.

    The text is kept, in which a fault's line is looked up when one is found.
    """

    file: str
    text: str = ""
    polygons: Mapping[tuple[str, str], Any] = field(default_factory=dict)

    @classmethod
    def read(cls, files: PackFiles, file: str, *, coded: bool = True) -> "Shapes":
        """The file's polygons, rings that need little mending mended; none if it is absent or cannot be read.

        Where the features have no code (``coded`` is false) their number stands for it.
        """
        text = files.text(file, required=False) or ""
        shapes = cls(file, text)
        if not text:
            return shapes
        features = _features(text, file, files)
        geometries = shapely.from_geojson([bytes(feature.geometry) for feature in features], on_invalid="ignore")
        found: dict[tuple[str, str], Any] = {}
        for number, (feature, geometry) in enumerate(zip(features, geometries, strict=True), start=1):
            said = feature.properties if coded else {"code": number}
            if geometry is None or not said or "code" not in said:
                files.findings.fault(f"{file}:1", "geojson-malformed", f"feature {number}: no code or no shape")
                continue
            code, begin = str(said["code"]), str(said.get("valid_from") or "")
            if (code, begin) in found:
                files.findings.fault(shapes.at(code, again=True), "duplicate-id", code)
            found[code, begin] = geometry
        return cls(file, text, shapes._mended(found, files))

    def of(self, code: str, begin: str) -> Any:
        """The polygon of an area in force from ``begin``: its own one, else the one for all times, else None."""
        return self.polygons.get((code, begin), self.polygons.get((code, "")))

    def at(self, code: str, *, again: bool = False) -> str:
        """The address of the feature with this code; of its second one if ``again``."""
        lines = self._lines.get(code, [1])
        return f"{self.file}:{lines[min(int(again), len(lines) - 1)]}"

    def _mended(self, found: dict[tuple[str, str], Any], files: PackFiles) -> dict[tuple[str, str], Any]:
        polygons, mended = mend([*found.values()])
        names = [*found]
        for each in mended:
            code = names[each.at][0]
            files.findings.warn(self.at(code), "ring-mended", f"{code}: {each}")
        return dict(zip(names, polygons, strict=True))

    @cached_property
    def _lines(self) -> Mapping[str, list[int]]:
        """The lines where each code is given, found only when there is something to place."""
        found: dict[str, list[int]] = defaultdict(list)
        line, end = 1, 0
        for match in _CODE.finditer(self.text):
            line, end = line + self.text.count("\n", end, match.start()), match.start()
            found[match[1]].append(line)
        return found


class _Feature(msgspec.Struct):
    """The geometry stays text, which shapely reads in bulk: lists of floats would take ten times the memory."""

    properties: dict[str, Any] | None = None
    geometry: msgspec.Raw = msgspec.Raw(b"null")


class _Collection(msgspec.Struct):
    features: list[_Feature]


_decoder = msgspec.json.Decoder(_Collection)


def _features(text: str, file: str, files: PackFiles) -> list[_Feature]:
    """The features of a collection; none, noted, if it is no collection."""
    try:
        return _decoder.decode(text).features
    except msgspec.ValidationError:
        files.findings.fault(f"{file}:1", "geojson-malformed", "a FeatureCollection wanted")
    except msgspec.DecodeError:
        try:
            json.loads(text)
        except json.JSONDecodeError as error:  # it knows the line
            files.findings.fault(f"{file}:{error.lineno}", "json-malformed")
        else:
            files.findings.fault(f"{file}:1", "json-malformed")
    return []
