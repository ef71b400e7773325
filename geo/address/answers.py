"""What the gazetteer says of a text: candidates with score, precision and reasons, and whether one is sure. Pure."""

from dataclasses import dataclass

from domain.place import Doubt, Place, Point
from geo.address.entries import EntryKind, Precision


@dataclass(frozen=True, slots=True)
class Bounds:
    """From where on the gazetteer believes itself; a city pack sets them.

    ``certain_from``: the least score of a candidate taken without a person looking. ``margin``: two candidates of one
    precision whose scores are closer than this are both shown. ``like_from``: the least share of a name that agrees.
    ``point_within_m``: a report without a point gets the candidate's point if that is at most so uncertain.
    """

    certain_from: float = 0.8
    margin: float = 0.08
    like_from: float = 0.66
    point_within_m: float = 60.0


@dataclass(frozen=True, slots=True)
class Candidate:
    """A place a text may mean.

    ``score`` runs from 0 to 1 and says how sure the text means it; ``precision`` says how exactly it is then known and
    ``uncertainty_m`` within how many metres. ``point`` (WGS-84 or CGCS2000) is None where only an area is known;
    ``place`` is where it lies. ``reasons`` are codes with what they are about, such as ``name-alike 0.83``.
    """

    entry: str
    name: str
    kind: EntryKind
    point: Point | None
    place: Place
    score: float
    precision: Precision
    uncertainty_m: float
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Match:
    """The candidates of a text, the best first, none where nothing is known of it.

    ``certain``: the first may be taken as the place. Otherwise they are for a person at the desk to choose from.
    ``place`` is what a case is filed under: that of a certain candidate; else what all candidates share, AMBIGUOUS,
    with their areas as candidates, the best first; NOWHERE without any.
    """

    text: str
    candidates: tuple[Candidate, ...] = ()
    certain: bool = False
    place: Place = Place(doubt=Doubt.NOWHERE)  # noqa: RUF009  (immutable)
