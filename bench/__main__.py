"""``make bench``: every benchmark beside its reference, as Markdown; ``--write`` puts the tables into docs.

With ``--only NAME`` one part is run, and with ``--write`` only its section of the page is replaced.
"""

import argparse
import os
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

from bench import (
    assets,
    crowd,
    gazetteer,
    http,
    joins,
    lifecycle,
    locate,
    memory,
    overload,
    pipeline,
    sensing,
    sensor_flow,
    stages,
    verdicts,
)

PAGE = Path(__file__).resolve().parent.parent / "docs" / "benchmarks.md"

PARTS: dict[str, ModuleType] = {
    "HTTP reports, durable": http,
    "Overload": overload,
    "Kafka to dispatched": pipeline,
    "CPU by stage": stages,
    "Points located": locate,
    "Verdicts": verdicts,
    "Memory": memory,
    "Life cycles": lifecycle,
    "assets": assets,
    "Joins": joins,
    "Crowd": crowd,
    "Addresses": gazetteer,
    "Sensor rules": sensing,
    "Sensors to record": sensor_flow,
}


def main() -> None:
    """Run the parts that are asked for, all by default."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="write the sections into docs/benchmarks.md")
    parser.add_argument("--only", choices=sorted(PARTS), action="append")
    asked = parser.parse_args()
    sections = {}
    for name, part in PARTS.items():
        if asked.only is None or name in asked.only:
            about = " ".join((part.__doc__ or "").split())
            sections[name] = f"## {name}\n\n{about}\n\n{part.main()}\n"
            print(sections[name], flush=True)
    if asked.write and asked.only is None:
        PAGE.write_text("\n".join([_head(), *sections.values()]), encoding="utf-8")
    elif asked.write:
        PAGE.write_text(_replaced(PAGE.read_text(encoding="utf-8"), sections), encoding="utf-8")


def _replaced(page: str, sections: Mapping[str, str]) -> str:
    """The page with these sections anew, each in its old place or at the end, with the day it was measured."""
    head, *old = page.split("\n## ")
    found = {section.partition("\n")[0]: f"## {section.rstrip()}\n" for section in old}
    day = f"Measured alone on {datetime.now(UTC):%Y-%m-%d} with {os.cpu_count()} cores.\n"
    found |= {name: f"{section}\n{day}" for name, section in sections.items()}
    return "\n".join([f"{head.rstrip()}\n", *found.values()])


def _head() -> str:
    return (
        "# Benchmarks\n\nMade by `make bench`. Every figure stands beside a reference measured in the same run; trust "
        "the ratios more than the absolutes. Load generator, broker, database and all processes share one machine.\n\n"
        f"Measured on {datetime.now(UTC):%Y-%m-%d} with {os.cpu_count()} cores, Python {platform.python_version()}.\n"
    )


if __name__ == "__main__":
    main()
