"""docs/lifecycle.md: the law as people read it, made from ``domain.table``; a test compares the two.

``python -m runtime.lifecycle_doc`` writes the page anew after a change of the law.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC
from pathlib import Path

from api.actions import FIELDS
from domain.actor import Role
from domain.case import CLOSED_STATES, ENDED, Clock, State
from domain.checks import REASON_VERBS
from domain.clock import Calendar, Limit, TimeUnit
from domain.commands import Verb
from domain.deadlines import STAGE_OF
from domain.policy import Policy
from domain.table import OPEN, TABLE, Transition

PAGE = Path(__file__).resolve().parent.parent / "docs" / "lifecycle.md"

STATES = {
    State.REPORTED: "待受理",
    State.VERIFYING: "核实中",
    State.NOT_ACCEPTED: "不予受理",
    State.WITHDRAWN: "已撤回",
    State.PENDING_FILING: "待立案",
    State.NOT_FILED: "不予立案",
    State.PENDING_DISPATCH: "待派遣",
    State.JOINT_DECISION: "协商定责",
    State.PENDING_DISPOSAL: "待处置",
    State.DISPOSING: "处置中",
    State.SUSPENDED: "挂账",
    State.DISPOSED: "待部门确认",
    State.PENDING_CHECK: "待核查",
    State.CHECKING: "核查中",
    State.PENDING_CLOSE: "待结案",
    State.CLOSED: "已结案",
    State.EVALUATED: "已评价",
    State.FORCE_CLOSED: "强制结案",
    State.VOID: "作废",
    State.MERGED: "已并单",
}
ROLES = {
    Role.SYSTEM: "系统",
    Role.INSPECTOR: "监督员",
    Role.HOTLINE: "话务员",
    Role.DESK: "受理员",
    Role.CHIEF: "值班长",
    Role.DISPATCHER: "派遣员",
    Role.UNIT: "处置单位",
    Role.OFFICER: "核查员",
    Role.CALLBACK: "回访员",
    Role.SUPERVISOR: "督查",
    Role.VIEWER: "查看者",
    Role.ADMIN: "管理员",
    Role.DEVICE: "设备平台",
}
CLOCKS = {
    Clock.INTAKE: "受理时限",
    Clock.VERIFY: "核实时限",
    Clock.FILING: "立案时限",
    Clock.DISPATCH: "派遣时限",
    Clock.DISPOSAL: "处置时限",
    Clock.ASSIST: "协办时限",
    Clock.MILESTONE: "分阶段时限",
    Clock.SUSPENSION: "挂账期限",
    Clock.CHECK: "核查时限",
    Clock.ON_SITE: "现场核查时限",
    Clock.CLOSE: "结案时限",
    Clock.CASE: "全程时限",
    Clock.REPLY: "督办回复时限",
    Clock.CALL_BACK: "回访时限",
    Clock.SPOT_CHECK: "抽查时限",
}
UNITS = {
    TimeUnit.MINUTE: "分钟",
    TimeUnit.HOUR: "小时",
    TimeUnit.URGENT_WORK_HOUR: "紧急工作时",
    TimeUnit.URGENT_WORK_DAY: "紧急工作日",
    TimeUnit.WORK_HOUR: "工作时",
    TimeUnit.WORK_DAY: "工作日",
    TimeUnit.WHOLE_WORK_DAY: "整工作日",
    TimeUnit.NATURAL_DAY: "自然日",
}
# What a clock runs in that is no stage of the case.
BINDS = {
    Clock.VERIFY: "an open 核实 task",
    Clock.ASSIST: "an open 协办 task",
    Clock.MILESTONE: "disposal, one for each stage of the filing condition",
    Clock.SUSPENSION: "挂账 `suspended`, to the date that was granted",
    Clock.ON_SITE: "an open 核查 task",
    Clock.CASE: "from filing to the end",
    Clock.REPLY: "a 督办 that asks for a reply",
    Clock.SPOT_CHECK: "an open 抽查 task",
}
# Names for the sets of states that many rows share.
SETS = {
    frozenset(OPEN): "every open state",
    frozenset((*OPEN, *CLOSED_STATES)): "every open state, 已结案 `closed`, 已评价 `evaluated`",
    frozenset(State): "every state",
    frozenset(State) - {State.MERGED}: "every state but 已并单 `merged`",
}
STAYS = "stays"

_INTRO = """# The life of a case (案件生命周期)

Made from the table in `domain/table.py` by `python -m runtime.lifecycle_doc`; a test compares the two, so edit the
law and not this page. A case changes by one road only: somebody asks (a command), the law looks up state and verb,
checks who asks and the guard, and answers with an event or a refusal. The history of events alone gives the state.
"""
_DIAGRAM = """## States

The picture shows what moves a case to another state; what leaves it where it is stands in the table alone.
"""
_TABLE = """## Transitions

What no row allows is refused. A command that names an outdated version is a conflict. Of several rows for one state
and verb the first holds whose guard does. The city may narrow the roles of a row (`policy.may`) and never widen them.
A unit acts on its own open tasks only, and finishes only what it has accepted.
"""
_FIELDS = """## What is sent with a verb

`POST /v1/cases/{no}/actions/{verb}` takes `reason` and `note` with every verb; beside them only what the verb is about,
anything else is refused as `field-not-for-verb`. Verbs that are not listed take nothing else and need no reason.
"""
_CLOCKS = """## Clocks

A stage's clock runs while the case is in that stage, a task's while the task is open. Its deadline is set with its
date, its limit and its origin when the work begins, and frozen on the case; each time it begins again the cycle counts
on. It moves by an extension, by the end of a pause, or by a merge (the eldest counts), and what was promised first
stays beside it. Work done up to the exact instant is in time. Each alarm (warning, breach, rungs of the ladder) rings
once; a missed deadline stays missed, and an appeal that is granted exempts it without erasing it.

工作时 and 工作日 run in working hours of working days (调休 included), the other units run on through nights and
holidays; one 工作日 is 8 工作时 from the moment of start. docs/clock.md teaches all of it.
"""


def render() -> str:
    """The whole page as Markdown, ending with a newline."""
    parts = [
        *(_INTRO, _DIAGRAM, "\n".join(_diagram()), "", _TABLE, "\n".join(_rows()), ""),
        *(_FIELDS, "\n".join(_fields()), "", _CLOCKS, "\n".join(_clocks())),
    ]
    return "\n".join(parts) + "\n"


def _fields() -> Iterator[str]:
    yield "| Verb | Reason | Other fields |"
    yield "|---|---|---|"
    for verb in Verb:
        if verb in FIELDS or verb in REASON_VERBS:
            named = ", ".join(f"`{name}`" for name in sorted(FIELDS.get(verb, ())))
            yield f"| `{verb}` | {'needed' if verb in REASON_VERBS else ''} | {named} |"


def arrows() -> dict[tuple[str, str], list[Verb]]:
    """What the picture draws: from a state, or ``[*]`` where a case begins, to another, with the verbs that do it."""
    found: dict[tuple[str, str], list[Verb]] = defaultdict(list)
    for row in TABLE:
        verbs = found[row.source or "[*]", row.target] if row.source is not row.target else []
        if row.verb not in verbs:
            verbs.append(row.verb)
    return found


def _diagram() -> Iterator[str]:
    yield "```mermaid"
    yield "stateDiagram-v2"
    for state in State:
        yield f'    state "{STATES[state]} {state}" as {state}'
    for (source, target), verbs in arrows().items():
        yield f"    {source} --> {target}: {', '.join(verbs)}"
    for state in State:
        if state in ENDED:
            yield f"    {state} --> [*]"
    yield "```"


def groups() -> list[list[Transition]]:
    """The rows of the table, those together that differ only in where they come from (and stay)."""
    alike: dict[tuple[object, ...], list[Transition]] = defaultdict(list)
    for row in TABLE:
        target = STAYS if row.source is row.target else row.target
        alike[row.verb, target, row.actors, row.says, row.ground, row.guard].append(row)
    return list(alike.values())


def _rows() -> Iterator[str]:
    yield "| From | Verb | To | Says | Who | If | Ground |"
    yield "|---|---|---|---|---|---|---|"
    for rows in groups():
        row = rows[0]
        cells = (
            _sources([row.source for row in rows]),
            f"`{row.verb}`",
            STAYS if row.source is row.target else _state(row.target),
            row.says,
            ", ".join(f"{ROLES[role]} `{role}`" for role in Role if role in row.actors),
            row.guard.says if row.guard else "–",
            row.ground,
        )
        yield f"| {' | '.join(cells)} |"


def _sources(states: list[State | None]) -> str:
    return SETS.get(frozenset(state for state in states if state)) or ", ".join(map(_state, states))


def _state(state: State | None) -> str:
    return f"{STATES[state]} `{state}`" if state else "–"


def _clocks() -> Iterator[str]:
    policy = Policy(Calendar(UTC))
    yield "| Clock | Runs in | Limit | Unless the city says otherwise | Rings at |"
    yield "|---|---|---|---|---|"
    for clock in Clock:
        states = ", ".join(_state(state) for state, stage in STAGE_OF.items() if stage is clock)
        shares = ", ".join(f"{share:g}" for share in policy.alarms(clock))
        yield f"| {CLOCKS[clock]} `{clock}` | {states or BINDS[clock]} | {_origin(clock, policy)} | {shares} |"


def _origin(clock: Clock, policy: Policy) -> str:
    """Where the limit comes from, and what it is in a city that says nothing."""
    rules = [rule for rule in policy.limits if rule.clock is clock]
    match clock:
        case Clock.DISPOSAL | Clock.ASSIST:
            own = (
                "the plan's, else `policy.limits` for a level, else the filing condition's, else `policy.default_limit`"
            )
            return f"{own} | {_limit(policy.default_limit)}"
        case Clock.MILESTONE:
            return "the filing condition's stages | –"
        case Clock.SUSPENSION:
            return f"the petition's date | at most {policy.longest_suspension.days} 自然日"
    return f"`policy.limits` | {', '.join(_limit(rule.limit) for rule in rules) or 'none'}"


def _limit(limit: Limit) -> str:
    return f"{limit.value:g} {UNITS[limit.unit]}"


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
