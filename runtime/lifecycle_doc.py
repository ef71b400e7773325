"""docs/lifecycle.md: the law as people read it, made from ``domain.lifecycle.TABLE``; a test compares the two.

``python -m runtime.lifecycle_doc`` writes the page anew after a change of the law.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC
from pathlib import Path

from domain import effects
from domain.case import ENDED, Clock, State
from domain.clock import Calendar, Limit, TimeUnit
from domain.commands import Role, Verb
from domain.lifecycle import TABLE, Transition
from domain.policy import Policy

PAGE = Path(__file__).resolve().parent.parent / "docs" / "lifecycle.md"

STATES = {
    State.REPORTED: "待受理",
    State.NOT_ACCEPTED: "不予受理",
    State.PENDING_DISPATCH: "待派遣",
    State.PENDING_DISPOSAL: "待处置",
    State.DISPOSING: "处置中",
    State.PENDING_CHECK: "待核查",
    State.CLOSED: "已结案",
}
ROLES = {
    Role.SYSTEM: "系统",
    Role.INSPECTOR: "监督员",
    Role.HOTLINE: "话务员",
    Role.DESK: "受理员",
    Role.DISPATCHER: "派遣员",
    Role.UNIT: "处置单位",
    Role.OFFICER: "核查员",
    Role.VIEWER: "查看者",
    Role.ADMIN: "管理员",
}
CLOCKS = {
    Clock.FILING: "受理时限",
    Clock.DISPATCH: "派遣时限",
    Clock.DISPOSAL: "处置时限",
    Clock.CHECK: "核查时限",
}
UNITS = {
    TimeUnit.MINUTE: "分钟",
    TimeUnit.URGENT_WORK_HOUR: "紧急工作时",
    TimeUnit.URGENT_WORK_DAY: "紧急工作日",
    TimeUnit.WORK_HOUR: "工作时",
    TimeUnit.WORK_DAY: "工作日",
    TimeUnit.NATURAL_DAY: "自然日",
}
# What the guard of a row asks, by what the row says.
GUARDS = {
    "主办接单": "the task is the lead's",
    "协办接单": "the task is an assistant's",
    "主办退回": "the task is the lead's",
    "协办退回": "the task is an assistant's; another task is open",
    "最后一个协办退回，主办已办结": "the task is an assistant's; no other task is open",
    "协办办结": "the task is an assistant's",
    "处置完成，待核查": "no other task is open",
    "办结，待其他单位": "another task is open",
}
# Verbs that may come at any time and leave the state as it is; the diagram would only be darker for them.
ANY_TIME = frozenset({Verb.JOIN, Verb.EXPIRE})

_INTRO = """# The life of a case (案件生命周期)

Made from the table in `domain/lifecycle.py` by `python -m runtime.lifecycle_doc`; a test compares the two, so edit the
law and not this page. A case changes by one road only: somebody asks (a command), the law looks up state and verb,
checks who asks and the guard, and answers with an event or a refusal. The history of events alone gives the state.
"""
_DIAGRAM = """## States

`join` (another report of the same incident) and `expire` (a deadline has run out) may come in every open state and
leave it as it is; they are in the table and not in the picture.
"""
_TABLE = """## Transitions

What no row allows is refused. A command that names an outdated version is a conflict. `refuse`, `send-back` and `fail`
need a reason; a unit acts on its own tasks only, and finishes only what it has accepted.
"""
_CLOCKS = """## Clocks

A stage's clock runs while the case is in that stage. Its deadline is set with its date and its origin when the stage
begins and is never moved; each time the stage begins again the cycle counts on. Work done up to the exact instant is
in time. A deadline that runs out is missed exactly once, and nothing that happens later erases it.

工作时 and 工作日 run in working hours of working days (调休 included), the other units run on through nights and
holidays; one 工作日 is 8 工作时 from the moment of start.
"""


def render() -> str:
    """The whole page as Markdown, ending with a newline."""
    parts = [_INTRO, _DIAGRAM, "\n".join(_diagram()), "", _TABLE, "\n".join(_rows()), "", _CLOCKS, "\n".join(_clocks())]
    return "\n".join(parts) + "\n"


def _diagram() -> Iterator[str]:
    arrows: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in TABLE:
        if row.verb not in ANY_TIME:
            arrows[row.source or "[*]", row.target].append(f"{row.verb} {row.says}")
    yield "```mermaid"
    yield "stateDiagram-v2"
    for state in State:
        yield f'    state "{STATES[state]} {state}" as {state}'
    for (source, target), labels in arrows.items():
        yield f"    {source} --> {target}: {' / '.join(labels)}"
    for state in State:
        if state in ENDED:
            yield f"    {state} --> [*]"
    yield "```"


def _rows() -> Iterator[str]:
    yield "| From | Verb | To | Says | Who | If | Ground |"
    yield "|---|---|---|---|---|---|---|"
    for row in TABLE:
        cells = (
            _state(row.source),
            f"`{row.verb}`",
            _state(row.target),
            row.says,
            _actors(row),
            _guard(row),
            row.ground,
        )
        yield f"| {' | '.join(cells)} |"


def _state(state: State | None) -> str:
    return f"{STATES[state]} `{state}`" if state else "–"


def _actors(row: Transition) -> str:
    return ", ".join(f"{ROLES[role]} `{role}`" for role in Role if role in row.actors)


def _guard(row: Transition) -> str:
    return GUARDS[row.says] if row.guard else "–"


def _clocks() -> Iterator[str]:
    policy = Policy(Calendar(UTC))
    yield "| Clock | Runs in | Limit | Unless the city says otherwise |"
    yield "|---|---|---|---|"
    for clock in Clock:
        states = ", ".join(_state(state) for state, stage in effects.STAGE_OF.items() if stage is clock)
        limit = policy.stage_limits.get(clock)
        source = "`policy.stage_limits`" if limit else "the filing condition's, else `policy.default_limit`"
        yield f"| {CLOCKS[clock]} `{clock}` | {states} | {source} | {_limit(limit or policy.default_limit)} |"


def _limit(limit: Limit) -> str:
    return f"{limit.value:g} {UNITS[limit.unit]}"


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
