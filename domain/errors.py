"""The three families of things that go wrong, as sentences for people and codes for machines.

Every error carries a stable English ``code`` (listed in docs/errors.md), a Chinese ``title`` for the person at the
desk, and where it helps a JSON pointer to the field. No error ever repeats what a person wrote.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with one field: JSON pointer, stable code, and a hint of numbers and enums only."""

    pointer: str
    code: str
    hint: str = ""


class CityloopError(Exception):
    """Root of the tree. ``code`` is stable and English, ``title`` Chinese, ``detail`` says what to do."""

    def __init__(self, code: str, title: str, detail: str = "", faults: tuple[Fault, ...] = ()) -> None:
        super().__init__(f"{code}: {title}" + (f" ({detail})" if detail else ""))
        self.code = code
        self.title = title
        self.detail = detail
        self.faults = faults


class Invalid(CityloopError):
    """The input cannot be understood or breaks a rule of form. Sending it again will not help."""


def invalid(pointer: str, code: str, title: str, hint: str = "") -> Invalid:
    """The error for one field, with its one fault."""
    return Invalid(code, title, faults=(Fault(pointer, code, hint),))


class Refused(CityloopError):
    """Understood, but the law says no: wrong state, wrong actor, a guard not met."""


class Conflict(Refused):
    """The case has moved on since the caller looked. ``current_version`` is what it would see now."""

    def __init__(self, current_version: int) -> None:
        super().__init__(
            "version-conflict",
            "案件已被他人更新",
            f"current version is {current_version}; read it and decide again",
        )
        self.current_version = current_version


class NotFound(Refused):
    """Nothing there, or nothing this caller may see (the two are told alike on purpose)."""

    def __init__(self, what: str) -> None:
        super().__init__("not-found", "未找到或无权查看", what)


class Unavailable(CityloopError):
    """A neighbour (database, broker) is away. The same thing may succeed later: retry, never reject."""
