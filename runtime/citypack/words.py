"""The words of the trade, read both ways: Chinese cells and headers of a pack, and labels for people's screens."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from domain.case import Clock, DeadlineState, State
from domain.catalogue import Kind, Urgency
from domain.clock import TimeUnit
from domain.commands import Role, Verb
from domain.place import Doubt, Level
from domain.report import Source
from domain.task import Part, TaskState

E = TypeVar("E", bound=StrEnum)

# Group of labels, the enumeration behind it, and one word for each member.
WORDS: Mapping[str, Mapping[StrEnum, str]] = {
    "state": {
        State.REPORTED: "待受理",
        State.NOT_ACCEPTED: "不予受理",
        State.PENDING_DISPATCH: "待派遣",
        State.PENDING_DISPOSAL: "待处置",
        State.DISPOSING: "处置中",
        State.PENDING_CHECK: "待核查",
        State.CLOSED: "已结案",
    },
    "verb": {
        Verb.REGISTER: "登记",
        Verb.FILE: "立案",
        Verb.JOIN: "并案",
        Verb.REFUSE: "不予受理",
        Verb.DISPATCH: "派遣",
        Verb.DEFER: "转派遣席",
        Verb.ACCEPT: "签收",
        Verb.SEND_BACK: "退回",
        Verb.FINISH: "处置完成",
        Verb.PASS: "核查通过",
        Verb.FAIL: "核查不通过",
        Verb.EXPIRE: "超时",
    },
    "source": {Source.HOTLINE: "热线", Source.INSPECTOR: "监督员", Source.ALARM: "物联告警"},
    "role": {
        Role.SYSTEM: "系统",
        Role.INSPECTOR: "监督员",
        Role.HOTLINE: "话务员",
        Role.DESK: "受理员",
        Role.DISPATCHER: "派遣员",
        Role.UNIT: "责任单位",
        Role.OFFICER: "核查员",
        Role.VIEWER: "查看",
        Role.ADMIN: "管理员",
    },
    "kind": {Kind.COMPONENT: "部件", Kind.EVENT: "事项"},
    "urgency": {Urgency.NORMAL: "一般", Urgency.URGENT: "紧急", Urgency.CRITICAL: "非常紧急"},
    "part": {Part.LEAD: "主办", Part.ASSIST: "协办"},
    "task": {
        TaskState.OFFERED: "待签收",
        TaskState.ACCEPTED: "处置中",
        TaskState.DONE: "已完成",
        TaskState.SENT_BACK: "已退回",
    },
    "clock": {Clock.FILING: "受理", Clock.DISPATCH: "派遣", Clock.DISPOSAL: "处置", Clock.CHECK: "核查"},
    "deadline": {
        DeadlineState.RUNNING: "计时中",
        DeadlineState.MET: "按期",
        DeadlineState.MISSED: "超期",
        DeadlineState.STOPPED: "中止",
    },
    "time": {
        TimeUnit.MINUTE: "分钟",
        TimeUnit.URGENT_WORK_HOUR: "紧急工作时",
        TimeUnit.URGENT_WORK_DAY: "紧急工作日",
        TimeUnit.WORK_HOUR: "工作时",
        TimeUnit.WORK_DAY: "工作日",
        TimeUnit.NATURAL_DAY: "自然日",
    },
    "level": {
        Level.CITY: "市",
        Level.DISTRICT: "区",
        Level.STREET: "街道",
        Level.COMMUNITY: "社区",
        Level.GRID: "单元网格",
    },
    "doubt": {
        Doubt.NONE: "确定",
        Doubt.ON_BORDER: "边界上",
        Doubt.NEAREST: "就近",
        Doubt.COARSE: "仅到上级区域",
        Doubt.OUTSIDE: "辖区外",
        Doubt.NOWHERE: "无位置",
        Doubt.AMBIGUOUS: "位置不唯一",
    },
}

# What else people write for the same thing.
_ALSO: Mapping[str, StrEnum] = {"事件": Kind.EVENT, "自然天": TimeUnit.NATURAL_DAY, "网格": Level.GRID}

_MEANINGS: Mapping[tuple[type[StrEnum], str], StrEnum] = {
    (type(member), spelling): member
    for word, member in (
        *((word, member) for group in WORDS.values() for member, word in group.items()),
        *_ALSO.items(),
    )
    for spelling in (word, member.value)
}

# Chinese headers that a clerk may write instead of ours.
HEADERS: Mapping[str, str] = {
    "编号": "id",
    "规则编号": "id",
    "条件编号": "id",
    "单位编号": "id",
    "账号": "id",
    "代码": "code",
    "区划代码": "code",
    "小类代码": "code",
    "名称": "name",
    "区划名称": "name",
    "小类名称": "name",
    "单位名称": "name",
    "级别": "level",
    "上级": "parent",
    "上级代码": "parent",
    "别名": "aliases",
    "标准": "standard",
    "部件或事项": "kind",
    "类型": "kind",
    "大类代码": "class_code",
    "大类名称": "class_name",
    "类别代码": "category",
    "立案条件": "filing",
    "结案条件": "closing",
    "时限": "limit",
    "时限单位": "unit",
    "单位": "unit",
    "紧急程度": "urgency",
    "关键词": "words",
    "排除词": "unless",
    "权重": "weight",
    "条件": "condition",
    "区域": "area",
    "辖区": "areas",
    "来源": "source",
    "主办": "lead",
    "主办单位": "lead",
    "协办": "assist",
    "协办单位": "assist",
    "说明": "note",
    "备注": "note",
    "电话": "phone",
    "角色": "role",
    "键": "key",
    "显示": "label",
}


def meaning(word: str, kind: type[E]) -> E | None:
    """The member of ``kind`` that a Chinese or English word means, or None."""
    found = _MEANINGS.get((kind, word))
    return found if isinstance(found, kind) else None


def labels() -> dict[str, str]:
    """The Chinese word for every code that a screen may show: ``{"state.closed": "已结案", ...}``."""
    return {f"{group}.{member}": word for group, members in WORDS.items() for member, word in members.items()}
