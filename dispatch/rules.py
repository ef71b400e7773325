"""What a dispatch rule is: one row of the 派单目录, plain data that a clerk can read."""

from dataclasses import dataclass

ANY = "*"


@dataclass(frozen=True, slots=True)
class Rule:
    """If all conditions hold, ``lead`` (主办) and ``assist`` (协办) act. ``*`` holds always.

    ``category`` is a catalogue key or ``class:NN`` for a whole 大类; ``area`` an area code of any level; ``source``
    and ``urgency`` as in the report. Units are ids or ``@kind`` (see ``roster``).
    """

    id: str
    lead: str
    category: str = ANY
    area: str = ANY
    source: str = ANY
    urgency: str = ANY
    condition: str = ANY
    assist: tuple[str, ...] = ()
    note: str = ""
