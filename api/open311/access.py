"""Who may use which side of the Open311 door, and what its feed tells. Chosen by the settings."""

from enum import StrEnum
from typing import Final

ANONYMOUS: Final = "anonymous"
"""Who reports without a key."""


class Access(StrEnum):
    """Everybody, clients with an ``api_key`` (of their own reports), or nobody."""

    EVERYONE = "everyone"
    CLIENTS = "clients"
    NOBODY = "nobody"


class Description(StrEnum):
    """What the feed gives as a request's description: the service's name, or the words of who reported first."""

    SERVICE = "service"
    REPORT = "report"
