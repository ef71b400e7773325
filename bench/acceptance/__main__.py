"""Run the acceptance: ``python -m bench.acceptance [--write] [--city la|pingshan]``. Exit status 1 below a bound."""

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from rich.console import Console

from bench.acceptance.cities import City
from bench.acceptance.data import FOLDER
from bench.acceptance.losangeles import los_angeles
from bench.acceptance.page import page, passed
from bench.acceptance.pingshan import pingshan
from bench.acceptance.replay import Replay, replay
from runtime.settings import ROOT

_CITIES: Mapping[str, Callable[[Path], City]] = {"la": los_angeles, "pingshan": pingshan}


def main() -> int:
    """Replay the cities and print the table; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m bench.acceptance")
    parser.add_argument("--write", action="store_true", help="put the table into docs/acceptance.md")
    parser.add_argument("--city", choices=[*_CITIES], action="append", help="only this one; may be repeated")
    asked = parser.parse_args()
    out = Console()
    if not FOLDER.is_dir():
        out.print(f"skipped: the cities' data is not here ({FOLDER.parent.name}/{FOLDER.name} beside the checkout)")
        return 0
    load = os.getloadavg()[0]
    replays = [_replayed(name, out) for name in asked.city or _CITIES]
    text = page(replays, load)
    print(text)
    if asked.write:
        (ROOT / "docs" / "acceptance.md").write_text(text, encoding="utf-8")
    failed = [one.city.name for one in replays if not passed(one)]
    for name in failed:
        out.print(f"[bold red]{name}: a bound is not met[/]")
    return 1 if failed else 0


def _replayed(name: str, out: Console) -> Replay:
    folder = Path(tempfile.mkdtemp(prefix="cityloop-acceptance-"))
    folder.chmod(0o755)  # the database runs as a user of its own
    try:
        for part in ("pack", "home"):
            (folder / part).mkdir(mode=0o755)
        city = _CITIES[name](folder / "pack")
        out.print(f"[bold]{city.name}[/]: {len(city.keys):,} rows")
        return replay(city, folder / "home", out)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
