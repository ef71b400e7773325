"""What to do about the codes of a city pack's map; part of ``runtime.remedies``."""

from collections.abc import Mapping

MAP: Mapping[str, str] = {
    "area-gap": "warning: divide the ground too, or draw it in `undivided.geojson` if it is in no part on purpose",
    "areas-overlap": "warning: who reports from ground of two areas waits for the desk; redraw one of them",
    "grid-large": "warning: unit grids are about 1 ha; check the largest, more than ten times that",
    "grid-small": "warning: unit grids are about 1 ha; check the smallest, less than a tenth of that",
    "grids-overlap": "redraw one of the two unit grids: no ground belongs to two of them",
    "parent-not-in-force": "let the area hold no longer than its `parent`, or name the one that holds then",
    "part-outside": "warning: redraw the part or the area it belongs to, or name another `parent`",
    "person-unknown": "use an id of `clients.csv`",
    "responsibility-gap": "warning: give these unit grids to a responsibility grid of this kind",
    "responsibility-invalid": "mend the rows it names",
    "responsibility-overlap": "within one kind a unit grid belongs to one responsibility grid",
    "ring-mended": "warning: the ring crossed itself and was mended; draw it anew where the hint says",
}
