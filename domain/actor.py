"""Who acts on a case: roles of the trade, and one actor as the doors know it."""

from dataclasses import dataclass
from enum import StrEnum

from domain.ids import UnitId


class Role(StrEnum):
    """Who may act. ``system`` is our own advisers and clocks; the others come with an API key.

    监督员, 话务员, 受理员, 值班长, 派遣员, 处置单位, 核查员, 回访员, 督查, 查看者, 管理员, 设备平台.
    """

    SYSTEM = "system"
    INSPECTOR = "inspector"
    HOTLINE = "hotline"
    DESK = "desk"
    CHIEF = "chief"
    DISPATCHER = "dispatcher"
    UNIT = "unit"
    OFFICER = "officer"
    CALLBACK = "callback"
    SUPERVISOR = "supervisor"
    VIEWER = "viewer"
    ADMIN = "admin"
    DEVICE = "device"


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who acts: the client or process, its role, and for a department its unit."""

    id: str
    role: Role
    unit: UnitId | None = None


SYSTEM = Actor("cityloop", Role.SYSTEM)
