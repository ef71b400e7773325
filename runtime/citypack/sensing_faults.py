"""What does not fit together in the rules of sensors: contradictions, limits nobody reads, levels nobody reaches."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

from runtime.citypack.files import PackFiles
from sensing.device import Kind
from sensing.rules import Baseline, Direction, Range, Rate, Rule, Silence, Stuck, Threshold

Pair = tuple[float, float]


def check_rules(
    files: PackFiles, rules: Sequence[Rule], kinds: Mapping[str, Kind], at: Mapping[str, str], file: str
) -> None:
    """Note what does not fit; ``at`` is the address of each rule's row in ``file``."""
    for rule in rules:
        where = at.get(rule.id, file)
        for device, pair in _pairs(rule):
            named = f"{rule.id} of {device}" if device else rule.id
            if _crossed(rule, pair):
                files.findings.fault(where, "limits-crossed", f"{named}: {pair[0]:g}, back at {pair[1]:g}")
            kind = kinds.get(rule.kind)
            if kind and _outside(rule, pair, kind):
                files.findings.fault(where, "limit-outside-range", f"{named}: {kind.low:g} to {kind.high:g}")
    of_kind: dict[str, list[Rule]] = defaultdict(list)
    for rule in rules:
        of_kind[rule.kind].append(rule)
    for several in of_kind.values():
        for one, other in combinations(several, 2):
            _compare(files, one, other, at)


def _compare(files: PackFiles, one: Rule, other: Rule, at: Mapping[str, str]) -> None:
    """Note two rules that say the same, and a level that a graver one always comes before."""
    levels = one.family == other.family and one.level != other.level
    if _essence(one) == _essence(other) and not levels:
        files.findings.warn(at[other.id], "rules-alike", f"{one.id}, {other.id}")
    if levels and one.how is other.how and one.active == other.active:
        graver, lesser = sorted((one, other), key=lambda rule: rule.level)
        if _no_later(graver, lesser):
            files.findings.warn(at[lesser.id], "level-unreachable", f"{graver.id} comes before {lesser.id}")


def _pairs(rule: Rule) -> Iterator[tuple[str, Pair]]:
    if isinstance(rule, Threshold | Baseline):
        yield "", (rule.raise_at, rule.clear_at)
    if isinstance(rule, Threshold):
        yield from rule.limits.items()


def _crossed(rule: Rule, pair: Pair) -> bool:
    beyond, back = pair
    down = isinstance(rule, Threshold) and rule.direction is Direction.DOWN
    return back < beyond if down else back > beyond


def _outside(rule: Rule, pair: Pair, kind: Kind) -> bool:
    """Whether no reading, or every one, is beyond the limit, or none is ever back."""
    if isinstance(rule, Rate | Baseline) or not isinstance(rule, Threshold):
        return False
    beyond, back = pair
    if rule.direction is Direction.DOWN:
        return not kind.low <= beyond < kind.high or back >= kind.high
    return not kind.low < beyond <= kind.high or back <= kind.low


def _no_later(graver: Rule, lesser: Rule) -> bool:
    """Whether whatever raises the lesser level raises the graver one as early."""
    if isinstance(graver, Threshold) and isinstance(lesser, Threshold):
        if graver.direction is not lesser.direction or graver.hold_s > lesser.hold_s or graver.limits != lesser.limits:
            return False
        if graver.direction is Direction.DOWN:
            return graver.raise_at >= lesser.raise_at
        return graver.raise_at <= lesser.raise_at
    if isinstance(graver, Baseline) and isinstance(lesser, Baseline):
        return graver.raise_at <= lesser.raise_at and graver.hold_s <= lesser.hold_s
    if isinstance(graver, Silence) and isinstance(lesser, Silence):
        return graver.after_s <= lesser.after_s
    if isinstance(graver, Stuck) and isinstance(lesser, Stuck):
        return graver.hold_s <= lesser.hold_s and graver.epsilon >= lesser.epsilon
    if isinstance(graver, Range) and isinstance(lesser, Range):
        return graver.hold_s <= lesser.hold_s
    return False


def _essence(rule: Rule) -> tuple[object, ...]:
    """When a rule holds, whatever it is called and comes to."""
    said = tuple(
        getattr(rule, name, None)
        for name in ("raise_at", "clear_at", "direction", "hold_s", "epsilon", "after_s", "at_least", "within")
    )
    limits = tuple(sorted(rule.limits.items())) if isinstance(rule, Threshold) else ()
    return rule.how, rule.active, *said, limits
