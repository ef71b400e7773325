"""Run the evaluation: ``python -m bench.evaluate [--only NAME] [--write]``.

With ``--only`` one adviser is judged. With ``--write`` the sections judged are put into docs/evaluation.md.
"""

import argparse
import importlib
import os
import pkgutil
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Protocol, cast

from rich.console import Console

from bench import evaluate
from bench.acceptance.data import FOLDER
from runtime.settings import ROOT

PAGE = ROOT / "docs" / "evaluation.md"

_HEAD = """# Evaluation: how good the advisers are

Made by `make evaluate`. The data are real and not part of this repository. Figures are measured on rows that the
adviser measured was not trained on, each beside a baseline run on the same rows. Where something was chosen with these
rows in view, its section says what, and which figures are held out: of the sensors those «as shipped» are not, only
those «chosen elsewhere». `make evaluate ONLY=name` judges one adviser and replaces its section.
"""


class Evaluation(Protocol):
    """What a module of this package offers."""

    NAME: str

    def run(self) -> str:
        """The Markdown below the heading: method, table, findings."""


def evaluations() -> dict[str, Evaluation]:
    """Every adviser's evaluation by name, in the order of their names."""
    names = [f"{evaluate.__name__}.{found.name}" for found in pkgutil.iter_modules(evaluate.__path__)]
    modules = [importlib.import_module(name) for name in names if not name.endswith("__main__")]
    found = [cast("Evaluation", module) for module in modules if hasattr(module, "NAME")]
    return {one.NAME: one for one in sorted(found, key=lambda one: one.NAME)}


def main() -> None:
    """Judge the advisers that are asked for, all by default."""
    parts = evaluations()
    parser = argparse.ArgumentParser(prog="python -m bench.evaluate", description=__doc__)
    parser.add_argument("--only", choices=[*parts], action="append", help="only this one; may be repeated")
    parser.add_argument("--write", action="store_true", help="put the figures into docs/evaluation.md")
    asked = parser.parse_args()
    if not FOLDER.is_dir():
        Console().print(f"skipped: the data is not here ({FOLDER.parent.name}/{FOLDER.name} beside the checkout)")
        return
    sections = {}
    for name in asked.only or parts:
        text = parts[name].run().strip()
        day = f"Measured {datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, Python {platform.python_version()}."
        sections[name] = f"## {name}\n\n{text}\n\n{day}\n"
        print(sections[name], flush=True)
    if asked.write:
        old = PAGE.read_text(encoding="utf-8") if PAGE.is_file() else ""
        PAGE.write_text(_page(old, sections), encoding="utf-8")


def _page(old: str, sections: Mapping[str, str]) -> str:
    """The page with these sections anew, the others as they stand, in the order of their names."""
    kept = {part.partition("\n")[0]: f"## {part.rstrip()}\n" for part in old.split("\n## ")[1:]}
    return "\n".join([_HEAD, *(text for _, text in sorted({**kept, **sections}.items()))])


if __name__ == "__main__":
    main()
