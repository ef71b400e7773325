"""Identifiers as distinct types, and the printed case number with its check digit."""

import re
from dataclasses import dataclass
from datetime import date
from typing import NewType
from uuid import UUID

from domain.errors import Invalid

ReportId = NewType("ReportId", UUID)
CaseId = NewType("CaseId", UUID)
TaskId = NewType("TaskId", UUID)
UnitId = NewType("UnitId", str)

_PRINTED = re.compile(r"([A-Z]{2,6})-([0-9]{6})-([0-9]{7}|[1-9][0-9]{7,})-([0-9])")


def check_digit(digits: str) -> int:
    """ISO/IEC 7064 MOD 11,10 check digit of a string of decimal digits; finds every single wrong digit."""
    product = 10
    for digit in digits:
        total = (int(digit) + product) % 10 or 10
        product = total * 2 % 11
    return (11 - product) % 10


@dataclass(frozen=True, slots=True)
class CaseNo:
    """The case number people read out on the phone: city letters, day, running number, check digit.

    ``YH-261121-0000123-4``. The national standard leaves the form open (GB/T 47678.5-2026 names the type, not the
    case), so the check digit is ours: a number misheard by one digit is refused instead of opening another's case.
    """

    prefix: str
    day: date
    serial: int

    def __str__(self) -> str:
        day, serial = self.day.strftime("%y%m%d"), f"{self.serial:07d}"
        return f"{self.prefix}-{day}-{serial}-{check_digit(day + serial)}"

    @classmethod
    def parse(cls, text: str) -> "CaseNo":
        """Read a printed number back. Raises ``Invalid`` with code ``case-no-invalid`` on form or check digit."""
        match = _PRINTED.fullmatch(text.strip().upper())
        if match and check_digit(match[2] + match[3]) == int(match[4]):
            try:
                day = date(2000 + int(match[2][:2]), int(match[2][2:4]), int(match[2][4:]))
            except ValueError:
                pass
            else:
                return cls(match[1], day, int(match[3]))
        raise Invalid(
            "case-no-invalid",
            "案件编号有误",
            "the number has a typing error; compare it with the printed one",
        )
