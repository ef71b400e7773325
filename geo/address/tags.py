"""Votes for the tags of an address's characters, and the whole spans that get the most of them. Pure."""

import numpy as np
from numpy.typing import NDArray

from geo.address.elements import Label

TAGS = tuple(f"{mark}-{label}" for label in Label for mark in "BIES")
AT = {tag: n for n, tag in enumerate(TAGS)}
Votes = NDArray[np.float64]  # how likely each tag (columns, in the order of TAGS) is of each character (rows)

_NEVER = -1e9


def _follows(one: str, other: str) -> bool:
    inside = other[0] in "IE"
    return (one[0] in "BI") == inside and (not inside or one[2:] == other[2:])


_FOLLOWS = np.array([[0.0 if _follows(one, other) else _NEVER for other in TAGS] for one in TAGS])
_BEGINS = np.array([0.0 if tag[0] in "BS" else _NEVER for tag in TAGS])
_ENDS = np.array([0.0 if tag[0] in "ES" else _NEVER for tag in TAGS])


def best_tags(votes: Votes) -> list[str]:
    """The tags with the most votes among those that make whole spans."""
    score = votes[0] + _BEGINS
    backward = []
    for row in votes[1:]:
        ways = score[:, None] + _FOLLOWS
        best = ways.argmax(axis=0)
        backward.append(best)
        score = ways[best, np.arange(len(best))] + row
    at = int((score + _ENDS).argmax())
    path = [at]
    for best in reversed(backward):
        at = int(best[at])
        path.append(at)
    return [TAGS[n] for n in reversed(path)]
