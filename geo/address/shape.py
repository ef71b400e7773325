"""Characters of addresses by kind, one-to-one normalised, and the runs of numbers between words. Pure."""

import re
from dataclasses import dataclass

DIGITS = "零〇一二三四五六七八九十百"
_LEFT_TO_RIGHT = {0x3000: " ", 0x2014: "-", 0x2013: "-", 0x2212: "-", 0x2018: "'", 0x2019: "'", 0xFF5E: "~"}
_NARROW = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5E)} | _LEFT_TO_RIGHT
_RUN = re.compile(r"[0-9]+[A-Za-z]?|[A-Za-z]+[0-9]*|[零〇一二三四五六七八九十百]+")
_JOINTS = frozenset("-_/~、,.,。·# —至")


def narrow(text: str) -> str:
    """The text with full-width signs made narrow, of the same length, so that positions stay."""
    return text.translate(_NARROW)


def kind(char: str) -> str:
    """``d`` digit, ``l`` Latin letter, ``n`` Chinese numeral, ``j`` joint such as a dash, ``c`` any other."""
    if char.isdigit():
        return "d"
    if char.isascii() and char.isalpha():
        return "l"
    if char in DIGITS:
        return "n"
    return "j" if char in _JOINTS else "c"


@dataclass(frozen=True, slots=True)
class Run:
    """A number in an address; ``place`` of ``size`` in a dashed group such as 47-6-746, ``order`` in the address."""

    start: int
    end: int
    order: int
    place: int
    size: int


def runs_of(text: str) -> list[Run]:
    """The numbers of a narrow text, left to right; those joined by one dash or the like are one group."""
    found = [match.span() for match in _RUN.finditer(text)]
    groups: list[list[tuple[int, int]]] = []
    for span in found:
        if groups and span[0] - groups[-1][-1][1] == 1 and text[span[0] - 1] in _JOINTS:
            groups[-1].append(span)
        else:
            groups.append([span])
    runs: list[Run] = []
    for group in groups:
        runs += [Run(start, end, len(runs) + n, n, len(group)) for n, (start, end) in enumerate(group)]
    return runs
