"""The chart of one device as a picture (SVG): its readings as a band and a line, its alarms as shaded times. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from xml.sax.saxutils import escape

from store.views import Bucket, Span

_WIDTH, _HEIGHT = 960, 320
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 16, 40, 36
_STEPS = 4
_SHADES = {1: "#b00020", 2: "#e07000", 3: "#d0a800"}
"""By the level of the alarm, 一级 the gravest."""


@dataclass(frozen=True, slots=True)
class Shade:
    """An alarm as it is shown: since when, until when (None: still), its level 1 to 3, and its words."""

    since: datetime
    until: datetime | None
    level: int
    words: str


@dataclass(frozen=True, slots=True)
class _Point:
    at: datetime
    low: float
    high: float
    mean: float


def chart(title: str, measure: str, span: Span, buckets: Sequence[Bucket], shades: Sequence[Shade]) -> str:
    """An SVG document; times are shown in the zone of the span. A gap between buckets stays a gap in the line."""
    points = [
        _Point(one.at, one.low, one.high, one.mean)
        for one in buckets
        if one.low is not None and one.high is not None and one.mean is not None
    ]
    scale = _Scale(span, points)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif"'
        f' font-size="12"><title>{escape(title)}</title><rect width="100%" height="100%" fill="#fff"/>',
        f'<text x="{_LEFT}" y="22" font-size="15">{escape(title)}</text>',
        *_grid(scale, measure),
        *(_shaded(scale, shade) for shade in shades),
        *_curves(scale, points),
        "</svg>",
    ]
    return "".join(parts)


class _Scale:
    """Where times and values are on the picture."""

    def __init__(self, span: Span, points: Sequence[_Point]) -> None:
        self.span = span
        low = min((point.low for point in points), default=0.0)
        high = max((point.high for point in points), default=1.0)
        margin = (high - low) * 0.05 or max(abs(high), 1.0) * 0.05
        self.low, self.high = low - margin, high + margin

    def x(self, at: datetime) -> float:
        share = (at - self.span.since) / (self.span.until - self.span.since)
        return round(_LEFT + min(max(share, 0.0), 1.0) * (_WIDTH - _LEFT - _RIGHT), 1)

    def y(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return round(_HEIGHT - _BOTTOM - share * (_HEIGHT - _TOP - _BOTTOM), 1)


def _grid(scale: _Scale, measure: str) -> Iterator[str]:
    since, length = scale.span.since, scale.span.until - scale.span.since
    words = "%m-%d %H:%M" if length > timedelta(days=1) else "%H:%M:%S"
    for step in range(_STEPS + 1):
        value = scale.low + (scale.high - scale.low) * step / _STEPS
        y = scale.y(value)
        yield f'<path d="M{_LEFT} {y}H{_WIDTH - _RIGHT}" stroke="#ddd"/>'
        yield f'<text x="{_LEFT - 6}" y="{y + 4}" text-anchor="end">{value:.4g}</text>'
        at = since + length * step / _STEPS
        anchor = "start" if step == 0 else "end" if step == _STEPS else "middle"
        yield f'<text x="{scale.x(at)}" y="{_HEIGHT - 12}" text-anchor="{anchor}">{at.strftime(words)}</text>'
    yield f'<text x="{_WIDTH - _RIGHT}" y="22" text-anchor="end">{escape(measure)}</text>'


def _shaded(scale: _Scale, shade: Shade) -> str:
    left, right = scale.x(shade.since), scale.x(shade.until or scale.span.until)
    return (
        f'<rect x="{left}" y="{_TOP}" width="{max(right - left, 2.0):.1f}" height="{_HEIGHT - _TOP - _BOTTOM}"'
        f' fill="{_SHADES[shade.level]}" fill-opacity="0.18"><title>{escape(shade.words)}</title></rect>'
    )


def _curves(scale: _Scale, points: Sequence[_Point]) -> Iterator[str]:
    for run in _runs(points):
        there = [f"{scale.x(point.at)},{scale.y(point.high)}" for point in run]
        back = [f"{scale.x(point.at)},{scale.y(point.low)}" for point in reversed(run)]
        yield f'<polygon points="{" ".join([*there, *back])}" fill="#1565c0" fill-opacity="0.2"/>'
        line = " ".join(f"{scale.x(point.at)},{scale.y(point.mean)}" for point in run)
        yield f'<polyline points="{line}" fill="none" stroke="#1565c0" stroke-width="1.5"/>'


def _runs(points: Sequence[_Point]) -> Iterator[list[_Point]]:
    """Points that follow one another; a pause of more than three usual steps begins anew."""
    steps = sorted(later.at - earlier.at for earlier, later in pairwise(points))
    longest = steps[len(steps) // 2] * 3 if steps else timedelta()
    run: list[_Point] = []
    for point in points:
        if run and point.at - run[-1].at > longest:
            yield run
            run = []
        run.append(point)
    if run:
        yield run
