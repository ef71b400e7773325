"""What to do about the codes of the duty roster; part of ``runtime.remedies``."""

from collections.abc import Mapping

DUTY: Mapping[str, str] = {
    "duty-person-unknown": "use ids of `people.csv`",
    "hours-twice": "name a time of `windows.csv` or write the shift's own hours, not both",
    "team-unknown": "name a unit of `units.csv` or a team of `teams.csv`",
}

DUTY_DOORS: Mapping[str, str] = {
    "deputy-self": "let another person stand in",
    "deputy-unknown": "name another person of `people.csv`; a unit lets its own people stand in",
}
"""Codes that come at a door, some from the table too."""
