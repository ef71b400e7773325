"""What a sequence model sees of each character of an address. Pure; used in training and in parsing alike."""

from bisect import bisect_left
from collections.abc import Sequence

from geo.address.elements import Span
from geo.address.familiar import Familiar
from geo.address.hierarchy import inner, mentions, relation
from geo.address.lexicon import Lexicon
from geo.address.shape import kind, narrow, runs_of

_MARKERS = frozenset("省市区县镇乡街道路巷弄村社组队号栋幢座楼层室单元门苑园城厦场店院里庄桥站期口侧旁边面与和交")
_EDGE = 4

Columns = list[list[str]]


def features(text: str, lexicon: Lexicon, familiar: Familiar, own: Sequence[Span] = ()) -> Columns:
    """A list of feature names for each character; ``own`` are an address's true spans while training on it."""
    plain = narrow(text)
    columns: Columns = [[] for _ in plain]
    _windows(plain, columns)
    _markers(plain, columns)
    _numbers(plain, columns)
    _cover(columns, "L", lexicon.matches(plain))
    _divisions(plain, lexicon, columns)
    met = familiar.matches(plain, own)
    _cover(columns, "F", [(name.start, name.end, name.letters) for name in met])
    _cover(columns, "G", [(name.start, name.end, name.leaning) for name in met])
    _repeats(plain, columns)
    return columns


def _windows(text: str, columns: Columns) -> None:
    # every digit is 0 and every other sign is itself: numbers differ, their shape does not
    signs = ["^"] * _EDGE + ["0" if char.isdigit() else char.lower() for char in text] + ["$"] * _EDGE
    kinds = ["^"] * _EDGE + [kind(char) for char in text] + ["$"] * _EDGE
    for i, column in enumerate(columns):
        at = i + _EDGE
        for offset in range(-4, 5):
            column.append(f"c{offset}={signs[at + offset]}")
        for offset in range(-3, 3):
            column.append(f"b{offset}={signs[at + offset]}{signs[at + offset + 1]}")
        for offset in range(-3, 2):
            column.append(f"t{offset}={''.join(signs[at + offset : at + offset + 3])}")
        column.append(f"q-3={''.join(signs[at - 3 : at + 1])}")
        column.append(f"q0={''.join(signs[at : at + 4])}")
        column.append(f"g={signs[at - 1]}{signs[at + 1]}")
        column.append(f"k={''.join(kinds[at - 2 : at + 3])}")
        column.append(f"k3={''.join(kinds[at - 1 : at + 2])}")
        if i < 2:
            column.append(f"first={i}")
        if len(text) - i <= 3:
            column.append(f"last={len(text) - i}")


def _markers(text: str, columns: Columns) -> None:
    """The nearest marker characters on both sides: what a stretch of text is often stands at its end."""
    marks = [i for i, char in enumerate(text) if char in _MARKERS]
    for i, column in enumerate(columns):
        at = bisect_left(marks, i)
        after = [(text[m], min(m - i, 5)) for m in marks[at : at + 2]]
        before = [(text[m], min(i - m, 5)) for m in marks[max(0, at - 2) : at]][::-1]
        right = after[0] if after else ("$", 0)
        left = before[0] if before else ("^", 0)
        column.append(f"mr={right[0]}{right[1]}")
        column.append(f"ml={left[0]}{left[1]}")
        column.append(f"mlr={left[0]}{right[0]}")
        column.append(f"mr2={''.join(mark for mark, _ in after)}")
        column.append(f"ml2={''.join(mark for mark, _ in before)}")
        seen = {text[m] for m in marks[:at]}
        column.append("seen=" + "".join(mark for mark in "路弄号幢栋单楼室" if mark in seen))


def _numbers(text: str, columns: Columns) -> None:
    """For every number and the sign after it: its length, its place in its group, what stands around the group."""
    runs = runs_of(text)
    for n, run in enumerate(runs):
        length = min(run.end - run.start, 5)
        before = text[run.start - 1] if run.start else "^"
        after = text[run.end : run.end + 1] or "$"
        after2 = text[run.end : run.end + 2] or "$"
        group = runs[n - run.place]
        ahead = text[max(0, group.start - 2) : group.start] or "^"
        closing = runs[n - run.place + run.size - 1]
        behind = text[closing.end : closing.end + 1] or "$"
        earlier = runs[n - 1] if n else None
        previous = text[earlier.end : earlier.end + 1] if earlier else "^"
        said = (
            f"n={length}{after}",
            f"n2={after2}",
            f"np={run.place}/{run.size}{behind}",
            f"npa={run.place}/{run.size}{ahead[-1]}",
            f"no={min(run.order, 4)}/{min(len(runs), 5)}{length}{after}",
            f"nba={before}{after}",
            f"nprev={previous}{after}{length}",
            f"nah={ahead}",
            f"nkind={kind(text[run.start])}{length}{run.place}/{run.size}",
        )
        for i in range(run.start, run.end):
            columns[i].extend(said)
        if run.end < len(text):
            columns[run.end].extend("e" + feature for feature in said)


def _cover(columns: Columns, name: str, matches: Sequence[tuple[int, int, str]]) -> None:
    """Mark where known names begin, run and end; what lies inside a longer match of an earlier start counts less."""
    reach = 0
    for start, end, sorts in matches:
        outer = end > reach
        reach = max(reach, end)
        mark = name if outer else name.lower() + "'"
        columns[start].append(f"{mark}B{sorts}")
        columns[start].append(f"{mark}B{min(end - start, 6)}")
        for i in range(start + 1, end - 1):
            columns[i].append(f"{mark}I{sorts}")
        columns[end - 1].append(f"{mark}E{sorts}")
        if end < len(columns):
            columns[end].append(f"{mark}A{sorts}")
        if start:
            columns[start - 1].append(f"{mark}Z{sorts}")


def _divisions(text: str, lexicon: Lexicon, columns: Columns) -> None:
    """Which names lie in a division named before, and how each division named lies to those around it."""
    named = mentions(text, lexicon)
    _cover(columns, "W", inner(text, lexicon, named))
    for n, one in enumerate(named):
        before = relation(one, named[n - 1]) + named[n - 1].levels if n else "^"
        after = relation(one, named[n + 1]) + named[n + 1].levels if n + 1 < len(named) else "$"
        again = "B" * any(one.codes & other.codes for other in named[:n])
        again += "A" * any(one.codes & other.codes for other in named[n + 1 :])
        for i in range(one.start, one.end):
            place = "B" if i == one.start else "E" if i == one.end - 1 else "I"
            said = place + one.levels
            columns[i] += [f"hp={said}{before}", f"hq={said}{after}", f"hs={said}{again}"]
            columns[i].append(f"hpq={one.levels}{before}{after}")


def _repeats(text: str, columns: Columns) -> None:
    """Where a pair of characters was said before: 杭州市余杭区杭州市 repeats itself."""
    first: dict[str, int] = {}
    for i in range(len(text) - 1):
        pair = text[i : i + 2]
        if first.setdefault(pair, i) < i and not pair.isdigit():
            columns[i].append("rb")
            columns[i + 1].append("re")
