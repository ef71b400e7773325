"""Why an alarm was raised or has ended, in a sentence for the person at the desk (Chinese)."""

from math import isnan
from typing import Final

from sensing.device import Kind
from sensing.rules import Baseline, Direction, Neighbours, Range, Rate, Rule, Silence, Stuck, Threshold, Vicinity
from sensing.signal import Change

_AROUND: Final = {Vicinity.NETWORK: "同一管网", Vicinity.GRID: "同一网格"}


def reason(kind: Kind, rule: Rule, change: Change, since: int, at: int, value: float, flapping: bool) -> str:
    """One sentence. ``value`` is what was read at ``at``, or when the breach began that is told at ``at``."""
    now = kind.name if isnan(value) else f"{kind.name}{_number(value)}{kind.measure}"
    if change is Change.CLEARED:
        return f"{now}，已恢复，历时{span(at - since)}"
    why = _why(kind, rule, now, at - since)
    return f"{why}；反复报警，合并为一条" if flapping else why


def clock_wrong(kind: Kind, ahead_ms: int) -> str:
    """Why a reading from the future is not judged."""
    return f"{kind.name}读数时间比到达时间晚{span(ahead_ms)}，设备时钟存疑，未参与判断"


def impossible(kind: Kind, value: float, low: float, high: float) -> str:
    """Why an impossible value is not judged."""
    return f"{kind.name}读数{_number(value)}{kind.measure}超出量程{_number(low)}至{_number(high)}，未参与判断"


def span(ms: int) -> str:
    """A stretch of time in whole units: 45秒, 10分钟, 3小时."""
    seconds = max(0, round(ms / 1000))
    if seconds < 120:
        return f"{seconds}秒"
    return f"{seconds // 60}分钟" if seconds < 7200 else f"{seconds // 3600}小时"


def _why(kind: Kind, rule: Rule, now: str, lasted_ms: int) -> str:
    if isinstance(rule, Silence):
        return f"{kind.name}设备{span(lasted_ms)}没有读数"
    if isinstance(rule, Stuck):
        return f"{now}，{span(lasted_ms)}没有变化，疑似卡滞"
    if isinstance(rule, Range):
        return f"{now}，持续超出量程，疑似设备故障"
    if isinstance(rule, Baseline):
        return f"{now}，明显偏离该设备平时的水平"
    lasted = f"，持续{span(lasted_ms)}" if lasted_ms else ""
    if not isinstance(rule, Threshold):
        return now
    limit = f"{_number(rule.raise_at)}{kind.measure}"
    if isinstance(rule, Rate):
        way = {Direction.UP: "上升", Direction.DOWN: "下降", Direction.BOTH: "变化"}[rule.direction]
        return f"{now}，每分钟{way}达到{limit}{lasted}"
    beyond = f"{now}，{'不高于' if rule.direction is Direction.DOWN else '达到'}{limit}{lasted}"
    if isinstance(rule, Neighbours):
        return f"{beyond}，{_AROUND[rule.within]}至少{rule.at_least}台设备同时超限"
    return beyond


def _number(value: float) -> str:
    return f"{value:.6g}"
