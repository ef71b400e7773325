"""Writes a city pack's files: what every replayed city has alike, and the tables that differ."""

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

DESK = "duty-desk"

# Rows of different years arrive within seconds. By the house's rule (near, same category, within 24 hours of *our*
# receipt) most would join a case of another year, so the window is as short as a pack can make it. What still joins
# are rows of one category on one and the same point in one transaction; they are counted as joined.
# Nobody works on these cases: long limits keep the clock from adding events of its own to what is counted.
_LONG = [{"clock": clock, "limit": "30 自然日"} for clock in ("intake", "filing", "dispatch", "check")]
_POLICY = {"join_within_hours": 0, "default_limit": "30 自然日", "limits": _LONG}


@dataclass(frozen=True)
class PackFolder:
    """A pack in the making."""

    path: Path

    def settings(self, pack: str, name: str, prefix: str, zone: str) -> None:
        """``pack.yaml`` and ``calendar.yaml``; limits do not matter here, so the calendar has no holidays."""
        said = {"id": pack, "name": name, "version": "1", "prefix": prefix, "timezone": zone, "standard": "own"}
        self.yaml("pack.yaml", {**said, "duty_desk": DESK, "policy": _POLICY})
        hours = ["08:00-12:00", "13:00-17:00"]
        self.yaml("calendar.yaml", {"hours": hours, "rest_weekdays": ["saturday", "sunday"]})
        self.csv("clients.csv", ["id", "name", "role"], [["hotline", "hotline", "hotline"]])

    def units(self, names: Mapping[str, str]) -> None:
        """``units.csv`` from ids and names, and the desk for what no rule covers."""
        self.csv("units.csv", ["id", "name"], [[DESK, "duty desk"], *map(list, names.items())])

    def rules(self, rules: Iterable[Sequence[str]]) -> None:
        """``rules.csv`` from (category, area, lead); an empty area is the whole city."""
        rows = [[f"r{n}", *rule] for n, rule in enumerate(rules, 1)]
        self.csv("rules.csv", ["id", "category", "area", "lead"], rows)

    def csv(self, name: str, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """A table."""
        with (self.path / name).open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([header, *rows])

    def yaml(self, name: str, content: Mapping[str, Any]) -> None:
        """A YAML file."""
        (self.path / name).write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")

    def shapes(self, polygons: Mapping[str, Any]) -> None:
        """``areas.geojson`` from geometries by area code."""
        features = [
            {"type": "Feature", "properties": {"code": code}, "geometry": geometry.__geo_interface__}
            for code, geometry in polygons.items()
        ]
        content = json.dumps({"type": "FeatureCollection", "features": features})
        (self.path / "areas.geojson").write_text(content, encoding="utf-8")
