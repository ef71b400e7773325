"""The files of a city pack, read once and remembered, and everything that is wrong with them.

Used by the readers of ``citypack``. Nothing here raises for what a file says: a fault is noted and reading goes on, so
that a clerk sees all of them at once.
"""

from dataclasses import dataclass, field
from pathlib import Path

from domain.errors import Fault


@dataclass
class Findings:
    """What was found wrong so far. ``at`` is an address such as ``rules.csv:17``."""

    faults: list[Fault] = field(default_factory=list)
    warnings: list[Fault] = field(default_factory=list)

    def fault(self, at: str, code: str, hint: str = "") -> None:
        """Note something that keeps the pack from being used."""
        self.faults.append(Fault(at, code, hint))

    def warn(self, at: str, code: str, hint: str = "") -> None:
        """Note something that a person should look at."""
        self.warnings.append(Fault(at, code, hint))


@dataclass
class PackFiles:
    """The pack's folder and the folder of national tables; remembers every byte that was read, for the digest."""

    folder: Path
    standards: Path
    findings: Findings = field(default_factory=Findings)
    seen: dict[str, bytes] = field(default_factory=dict)

    def text(self, name: str, *, required: bool = True, national: bool = False) -> str | None:
        """The text of a file, UTF-8 with or without a byte order mark; None if absent or unreadable."""
        try:
            raw = ((self.standards if national else self.folder) / name).read_bytes()
        except FileNotFoundError:
            if required:
                self.findings.fault(name, "file-missing")
            return None
        except OSError as error:
            self.findings.fault(name, "file-unreadable", type(error).__name__)
            return None
        self.seen[name] = raw
        try:
            return raw.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = raw.count(b"\n", 0, error.start) + 1
            self.findings.fault(f"{name}:{line}", "encoding-invalid", "save the file as UTF-8")
            return None
