"""``make reliability``: the long drills with their controls, as Markdown; ``--write`` puts the figures into docs.

Exit status 1 if a promise was broken, or a control was not seen to break one: then the drill proves nothing.
"""

import argparse
import asyncio
import os
import shutil
import sys
import tempfile
from pathlib import Path

from bench.reliability.catalogue import DRILLS, Drill, Part
from bench.reliability.page import Run, page, section
from bench.reliability.servers import Servers, servers
from runtime.settings import ROOT

PAGE = ROOT / "docs" / "reliability.md"
SEED = 20261122


def main() -> int:
    """Run what is asked for, all of it by default; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m bench.reliability", description=__doc__)
    parser.add_argument("--short", action="store_true", help="the sizes of the test suite")
    parser.add_argument("--only", choices=sorted(DRILLS), action="append", help="only this one; may be repeated")
    parser.add_argument("--seed", type=int, default=SEED, help="another seed is another schedule of faults")
    parser.add_argument("--write", action="store_true", help="put the figures into docs/reliability.md")
    asked = parser.parse_args()
    if asked.write and asked.only:
        parser.error("the page shows all drills of one run: leave out --only")
    load = os.getloadavg()[0]
    home = Path(tempfile.mkdtemp(prefix="cityloop-reliability-"))
    home.chmod(0o755)  # the database runs as a user of its own
    try:
        drills = [DRILLS[name] for name in asked.only or DRILLS]
        runs = asyncio.run(_run(drills, home, asked.seed, short=asked.short))
    finally:
        shutil.rmtree(home, ignore_errors=True)
    if asked.write:
        PAGE.write_text(page(PAGE.read_text(encoding="utf-8"), runs, load), encoding="utf-8")
    return 0 if all(run.proven for run in runs) else 1


async def _run(drills: list[Drill], home: Path, seed: int, *, short: bool) -> list[Run]:
    runs = []
    async with servers(home) as found:
        for drill in drills:
            for part in drill.short if short else drill.long:
                print(f"{drill.name}, {part.title}, seed {seed}\n{part.schedule(seed)}\n", flush=True)
                run = await _part(drill, part, found, seed)
                print(section(run), flush=True)
                runs.append(run)
    return runs


async def _part(drill: Drill, part: Part, found: Servers, seed: int) -> Run:
    before = asyncio.get_running_loop().time()
    ground = await found.ground(f"{drill.name}-{part.title.replace(' ', '-')}")
    account = await part.play(ground, seed)
    return Run(drill, part, account, seed, asyncio.get_running_loop().time() - before)


if __name__ == "__main__":
    sys.exit(main())
