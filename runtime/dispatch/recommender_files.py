"""Recommenders as files: numbers and text in NumPy's format, never anything that could be executed."""

import json
import zipfile
from pathlib import Path

import numpy as np

from dispatch.levels import Levels
from dispatch.recommender import Header, Recommender, Weights
from dispatch.roster import Roster
from dispatch.tallies import TRUSTS, Tallies
from domain.errors import Invalid
from runtime.arrays import write_arrays

_FORMAT = 1


def save_recommender(made: Recommender, file: Path) -> None:
    """Write it beside its place and put it there at once, so that a reader finds the old one or the new one."""
    tallies, weights, header = made.tallies, made.weights, made.header
    cells = tallies.cells()
    categories = sorted({category for category, _, _, _ in cells})
    areas = sorted({area for _, area, _, _ in cells})
    said = {
        "format": _FORMAT,
        "made_on": header.made_on,
        "cases": header.cases,
        "figures": dict(header.figures),
        "units": tallies.units,
        "levels": [tallies.levels.categories, tallies.levels.areas],
        "categories": categories,
        "areas": areas,
        "prior": weights.prior,
    }
    at_category = {path: at for at, path in enumerate(categories)}
    at_area = {path: at for at, path in enumerate(areas)}
    table = np.array([(at_category[c], at_area[a], unit, count) for c, a, unit, count in cells], np.float64)
    header_bytes = np.frombuffer(json.dumps(said, ensure_ascii=False).encode(), np.uint8)
    write_arrays(file, {"header": header_bytes, "cells": table, "weights": weights.contexts})


def load_recommender(file: Path, roster: Roster) -> Recommender:
    """The recommender in a file, for the units as they are now.

    Raises ``Invalid`` with code ``recommender-invalid`` for what is none, or is not there.
    """
    try:
        with file.open("rb") as raw, np.load(raw, allow_pickle=False) as arrays:
            said = json.loads(arrays["header"].tobytes())
            cells, contexts = arrays["cells"], arrays["weights"].astype(np.float32)
        if said["format"] != _FORMAT:
            raise ValueError("format")
        levels = Levels(*(tuple(depths) for depths in said["levels"]))
        if contexts.shape != (levels.size, TRUSTS) or not np.isfinite(contexts).all():
            raise ValueError("weights")
        tallies = Tallies(said["units"], levels, roster)
        categories, areas = ([tuple(path) for path in said[name]] for name in ("categories", "areas"))
        for category, area, unit, count in cells.tolist():
            if not 0 <= unit < len(tallies.units):
                raise ValueError("units")
            tallies.count(categories[int(category)], areas[int(area)], int(unit), count)
        header = Header(str(said["made_on"]), int(said["cases"]), dict(said["figures"]))
        return Recommender(tallies, Weights(contexts, float(said["prior"])), header)
    except (OSError, ValueError, TypeError, LookupError, EOFError, zipfile.BadZipFile) as error:
        raise Invalid("recommender-invalid", "派单推荐模型文件有误", f"{file.name}: {type(error).__name__}") from error
