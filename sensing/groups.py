"""Who belongs with whom: by word, and by a chain of short ways. Used by ``sensing.storm``."""

from collections import defaultdict
from collections.abc import Sequence
from itertools import product
from math import cos, radians, sqrt
from typing import Final

import numpy as np

from sensing.reading import Values

_METRES_PER_DEGREE: Final = 111_320.0
# Half of the squares a distance reaches: the other half looks this way.
_AROUND: Final = [offset for offset in product(range(-2, 3), repeat=2) if offset > (0, 0)]


class Groups:
    """Who belongs with whom: sets that only grow together."""

    def __init__(self, many: int) -> None:
        self._above = list(range(many))

    def root(self, n: int) -> int:
        """What stands for all that belong together with ``n``."""
        while self._above[n] != n:
            self._above[n] = n = self._above[self._above[n]]
        return n

    def unite(self, a: int, b: int) -> None:
        """These two belong together."""
        self._above[self.root(b)] = self.root(a)

    def unite_near(self, numbers: Sequence[int], degrees: Values, within_m: float) -> None:
        """Whoever is within a distance of another belongs together. ``degrees`` are (lon, lat) of the ``numbers``.

        All in one square of a grid are near enough; of two squares the nearest pair decides, and squares that belong
        together already are not compared.
        """
        if within_m <= 0 or len(numbers) < 2:
            return
        scale = _METRES_PER_DEGREE * np.array([cos(radians(float(degrees[:, 1].mean()))), 1.0])
        metres = degrees * scale
        squares: dict[tuple[int, int], list[int]] = defaultdict(list)
        for n, (x, y) in enumerate(np.floor(metres / (within_m / sqrt(2))).astype(int).tolist()):
            squares[x, y].append(n)
        for members in squares.values():
            for n in members[1:]:
                self.unite(numbers[members[0]], numbers[n])
        for (x, y), members in squares.items():
            for dx, dy in _AROUND:
                others = squares.get((x + dx, y + dy))
                if others and self.root(numbers[members[0]]) != self.root(numbers[others[0]]):
                    apart = metres[members][:, None, :] - metres[others][None, :, :]
                    if bool(((apart**2).sum(axis=2) <= within_m**2).any()):
                        self.unite(numbers[members[0]], numbers[others[0]])
