"""What a caller may see; every read model takes it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scope:
    """What a caller may see: everything, or cases in some areas, or cases a unit has or had a task on, or own reports.

    ``areas`` are area keys (``a/b/``); empty means the whole city. Wherever they are, ``worker`` also sees the cases it
    was sent to, and ``origin`` those behind its own reports; of reports ``origin`` sees only its own. ``reporter`` sees
    only cases behind which a report of this origin stands.
    """

    areas: tuple[str, ...] = ()
    unit: str | None = None
    origin: str | None = None
    worker: str | None = None
    reporter: str | None = None
