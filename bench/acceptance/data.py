"""The real cities' rows and tables, read as they are. Nothing of them is ever kept in this repository."""

import csv
import gzip
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TextIO, cast

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "data"

Rows = list[Mapping[str, str]]


def table(name: str) -> Rows:
    """The rows of a CSV file, plain or gzip."""
    with _text(name) as lines:
        return list(csv.DictReader(lines))


def numbers(name: str, column: str) -> dict[int, str]:
    """The cells of one column by the line their row begins in."""
    with _text(name) as lines:
        reader = csv.reader(lines)
        place = next(reader).index(column)
        found, line = {}, reader.line_num + 1
        for cells in reader:
            found[line], line = cells[place], reader.line_num + 1
        return found


def _text(name: str) -> TextIO:
    opened = gzip.open if name.endswith(".gz") else open
    return cast("TextIO", opened(FOLDER / name, "rt", encoding="utf-8-sig", newline=""))


def features(name: str) -> list[dict[str, Any]]:
    """The features of a compressed GeoJSON file."""
    with gzip.open(FOLDER / name, "rt", encoding="utf-8") as file:
        found: list[dict[str, Any]] = json.load(file)["features"]
        return found
