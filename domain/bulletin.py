"""What the public is told of a case under a plan (预警信息): one message, and the chain of those before it.

The words are those of CAP 1.2 (OASIS Standard, 3.2.1). Made by ``domain.alert``, carried by the event it leaves with.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.catalogue import Category
from domain.place import Level, Point
from domain.plan import Alert


class MessageType(StrEnum):
    """What a message does to those before it: the first of its chain, one in their place, or the end of them all."""

    ALERT = "Alert"
    UPDATE = "Update"
    CANCEL = "Cancel"


@dataclass(frozen=True, slots=True)
class Issued:
    """A message that went out earlier: the version of the case it was made with, and when."""

    version: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Bulletin:
    """One message, whole: whoever renders it needs neither the case nor the plan, however long ago it was sent.

    ``version`` is the case's with the event that carries it; ``path`` are area codes from the top down without the
    unit grid; ``point`` is in WGS-84. ``earlier`` are all messages of the chain before this one, the first first.
    ``lifted``: it is cancelled because the case was closed (解除), not because it should not have been sent (撤销).
    """

    no: str
    version: int
    at: datetime
    kind: MessageType
    plan: str
    warning: Alert
    expires: datetime
    exercise: bool = False
    lifted: bool = False
    level: Level | None = None
    category: Category | None = None
    path: tuple[str, ...] = ()
    point: Point | None = None
    earlier: tuple[Issued, ...] = ()

    @property
    def identifier(self) -> str:
        """``YH-261121-0000123-4.7``: unique for ever with its sender, the same whenever it is rendered."""
        return identifier(self.no, self.version)

    @property
    def standing(self) -> bool:
        """Whether it still warns of something."""
        return self.kind is not MessageType.CANCEL


def identifier(no: str, version: int) -> str:
    """What a message of a case is called; without spaces and commas, as CAP 1.2 (3.2.1) asks."""
    return f"{no}.{version}"
