"""The cells of a register's row in the order of its attributes, cleaned, and what can be told of them by form alone."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import gt, itemgetter

from domain.errors import Fault, Invalid
from domain.place import Crs
from domain.report import checked_point, clean_text
from runtime.assets.layout import Attributes, Layout
from runtime.importing.encodings import foreign
from runtime.importing.row import Row

_DEGREES = re.compile(r"[+-]?[0-9]{1,3}(\.[0-9]*)?")


class Cells:
    """Reads the rows of one table; ``not_given`` are words that count as empty."""

    def __init__(
        self, layout: Layout, attributes: Attributes, not_given: Iterable[str], constants: Mapping[str, str]
    ) -> None:
        self._layout = layout
        self._names = tuple(attributes.known)
        self.at = {name: place for place, name in enumerate(self._names)}
        self._limits = tuple(limit for limit, _ in attributes.known.values())
        self._needed = tuple(self.at[name] for name in attributes.required)
        self._cells: Callable[[Sequence[str]], tuple[str, ...]] = itemgetter(*map(layout.place, self._names))
        self.empty = frozenset(not_given) - {""}
        self._constants = [(self.at[name], said) for name, said in constants.items()]

    def read(self, row: Row) -> tuple[list[str], list[str], tuple[Fault, ...]]:
        """Cells by attribute, all cells of the row, and why there are none that can be used."""
        if row.fault is not None:
            return [], [], (row.fault,)
        if len(row.cells) != self._layout.width:
            fault = Fault("", "csv-columns", f"{len(row.cells)} cells, {self._layout.width} wanted")
            return [], [], (fault,)
        given = [*row.cells, ""]
        # whatever is not printable (a control, a bidirectional mark, a byte of another encoding) is looked at closely
        text = [cell.strip() for cell in self._cells(given)]
        if not "".join(given).isprintable():
            faults: list[Fault] = []
            text = self._cleaned(text, given, faults)
            if faults:
                return [], [], tuple(faults)
        if not self.empty.isdisjoint(text):
            text = ["" if cell in self.empty else cell for cell in text]
        for place, constant in self._constants:
            text[place] = text[place] or constant
        return text, given, ()

    def of_form(self, text: Sequence[str], why: str) -> list[Fault]:
        """What can be told without knowing what the cells mean; ``why`` is said of required ones that are empty."""
        faults = []
        if not all(map(text.__getitem__, self._needed)):
            empty = (self._names[place] for place in self._needed if not text[place])
            faults += [Fault(self._layout.column(name), "cell-empty", why) for name in empty]
        if any(map(gt, map(len, text), self._limits)):
            each = zip(self._names, text, self._limits, strict=True)
            faults += [
                Fault(self._layout.column(n), "text-too-long", f"at most {most}")
                for n, cell, most in each
                if len(cell) > most
            ]
        return faults

    def position(self, text: Sequence[str], crs: Crs, faults: list[Fault]) -> tuple[float, float] | None:
        """Longitude and latitude in the table's own system; None where there are none, or none that can be."""
        lon, lat = text[self.at["lon"]], text[self.at["lat"]]
        if not lon and not lat:
            return None
        # the plain notation only: what else float() reads (nan, 1_0, other scripts' digits) is no survey's
        if not (_DEGREES.fullmatch(lon) and _DEGREES.fullmatch(lat)):
            faults.append(Fault(self._layout.column("lon"), "number-invalid", "degrees as decimal numbers"))
            return None
        try:
            point = checked_point(float(lon), float(lat), crs, "")
        except Invalid as error:
            faults += [Fault(self._layout.column("lon"), fault.code, fault.hint) for fault in error.faults]
            return None
        return point.lon, point.lat

    def _cleaned(self, text: list[str], given: list[str], faults: list[Fault]) -> list[str]:
        """Cells without what cannot be seen; faults are added where that is not harmless. Other columns go along."""

        def clean(cell: str, column: str) -> str:
            try:
                return clean_text(cell, column)
            except Invalid as error:
                strange = [Fault(column, "encoding-invalid", "not in the encoding of the file")]
                faults.extend(strange if foreign(cell) else error.faults)
                return ""

        cells = [clean(cell, self._layout.column(name)) for cell, name in zip(text, self._names, strict=True)]
        for place, column in self._layout.others.items():
            given[place] = clean(given[place], column)
        return cells
