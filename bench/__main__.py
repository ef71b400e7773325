"""``make bench``: every benchmark beside its reference, as Markdown; ``--write`` puts the tables into docs."""

import argparse
import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

from bench import http, locate, memory, pipeline, stages

PAGE = Path(__file__).resolve().parent.parent / "docs" / "benchmarks.md"

PARTS: dict[str, ModuleType] = {
    "HTTP reports, durable": http,
    "Kafka to dispatched": pipeline,
    "CPU by stage": stages,
    "Points located": locate,
    "Memory": memory,
}


def main() -> None:
    """Run the parts that are asked for, all by default."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md (needs all parts)")
    parser.add_argument("--only", choices=sorted(PARTS), action="append")
    asked = parser.parse_args()
    sections = []
    for name, part in PARTS.items():
        if asked.only is None or name in asked.only:
            about = " ".join((part.__doc__ or "").split())
            sections.append(f"## {name}\n\n{about}\n\n{part.main()}\n")
            print(sections[-1], flush=True)
    if asked.write and asked.only is None:
        PAGE.write_text("\n".join([_head(), *sections]), encoding="utf-8")


def _head() -> str:
    return (
        "# Benchmarks\n\nMade by `make bench`. Every figure stands beside a reference measured in the same run; trust "
        "the ratios more than the absolutes. Load generator, broker, database and all processes share one machine.\n\n"
        f"Measured on {datetime.now(UTC):%Y-%m-%d} with {os.cpu_count()} cores, Python {platform.python_version()}.\n"
    )


if __name__ == "__main__":
    main()
