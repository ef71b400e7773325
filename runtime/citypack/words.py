"""The words of the trade, read both ways: Chinese cells and headers of a pack, and labels for people's screens."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from domain.actor import Role
from domain.case import Clock, DeadlineState, State
from domain.catalogue import Kind, Urgency
from domain.clock import TimeUnit
from domain.commands import Verb
from domain.petition import Matter, PetitionState
from domain.place import Doubt, Level
from domain.report import CallerKind, Source
from domain.task import Part, TaskState
from domain.ticket import Appeal, PromiseKind, TicketState, Tier
from sensing.rules import Direction, RuleKind, Vicinity
from sensing.signal import Change
from sensing.storm import Turn

E = TypeVar("E", bound=StrEnum)

# Group of labels, the enumeration behind it, and one word for each member.
WORDS: Mapping[str, Mapping[StrEnum, str]] = {
    "state": {
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
    },
    "verb": {
        Verb.REGISTER: "登记",
        Verb.ADMIT: "受理",
        Verb.FILE: "立案",
        Verb.JOIN: "并案",
        Verb.VERIFY: "发核实",
        Verb.REFUSE: "不予受理",
        Verb.DECLINE: "不予立案",
        Verb.WITHDRAW: "撤回",
        Verb.RETURN: "回退",
        Verb.DISPATCH: "派遣",
        Verb.DEFER: "转派遣席",
        Verb.RECALL: "收回改派",
        Verb.REINFORCE: "增派协办",
        Verb.ACTIVATE: "启动预案",
        Verb.ACCEPT: "签收",
        Verb.ASSIGN: "指派",
        Verb.UNASSIGN: "撤销指派",
        Verb.SEND_BACK: "退回",
        Verb.REACH: "阶段完成",
        Verb.FINISH: "处置完成",
        Verb.CONFIRM: "部门确认",
        Verb.CHECK: "发核查",
        Verb.PASS: "核查通过",
        Verb.FAIL: "核查不通过",
        Verb.CLOSE: "结案",
        Verb.CALL_BACK: "回访",
        Verb.REOPEN: "重办",
        Verb.SPOT_CHECK: "抽查",
        Verb.EXTEND: "申请延期",
        Verb.SUSPEND: "申请挂账",
        Verb.CANCEL: "申请作废",
        Verb.APPEAL: "超期申诉",
        Verb.GRANT: "同意",
        Verb.DENY: "不同意",
        Verb.RESUME: "恢复",
        Verb.URGE: "催办",
        Verb.SUPERVISE: "督办",
        Verb.REPLY: "督办回复",
        Verb.MERGE: "并单",
        Verb.ABSORB: "并入他案",
        Verb.SPLIT: "拆单",
        Verb.RELEASE: "拆出他案",
        Verb.RAISE: "提级",
        Verb.LOWER: "下派",
        Verb.FORCE_CLOSE: "强制结案",
        Verb.RECOVER: "自动恢复",
        Verb.WARN: "临期预警",
        Verb.EXPIRE: "超时",
        Verb.ESCALATE: "超期升级",
    },
    "source": {Source.HOTLINE: "热线", Source.INSPECTOR: "监督员", Source.ALARM: "物联告警"},
    "caller": {
        CallerKind.CITIZEN: "市民",
        CallerKind.ENTERPRISE: "企业",
        CallerKind.DEPUTY: "代表委员",
        CallerKind.MEDIA: "媒体",
        CallerKind.GOVERNMENT: "机关单位",
    },
    "role": {
        Role.SYSTEM: "系统",
        Role.INSPECTOR: "监督员",
        Role.HOTLINE: "话务员",
        Role.DESK: "受理员",
        Role.CHIEF: "值班长",
        Role.DISPATCHER: "派遣员",
        Role.UNIT: "责任单位",
        Role.OFFICER: "核查员",
        Role.CALLBACK: "回访员",
        Role.SUPERVISOR: "督查",
        Role.VIEWER: "查看",
        Role.ADMIN: "管理员",
        Role.DEVICE: "设备平台",
    },
    "kind": {Kind.COMPONENT: "部件", Kind.EVENT: "事项"},
    "urgency": {Urgency.NORMAL: "一般", Urgency.URGENT: "紧急", Urgency.CRITICAL: "非常紧急"},
    "part": {
        Part.LEAD: "主办",
        Part.ASSIST: "协办",
        Part.VERIFY: "核实",
        Part.CHECK: "核查",
        Part.SPOT_CHECK: "抽查",
    },
    "task": {
        TaskState.OFFERED: "待签收",
        TaskState.ACCEPTED: "处置中",
        TaskState.DONE: "已完成",
        TaskState.SENT_BACK: "已退回",
        TaskState.CANCELLED: "已取消",
    },
    "matter": {
        Matter.EXTENSION: "延期",
        Matter.SUSPENSION: "挂账",
        Matter.SEND_BACK: "退回",
        Matter.VOID: "作废",
        Matter.APPEAL: "超期申诉",
    },
    "petition": {
        PetitionState.ASKED: "待答复",
        PetitionState.GRANTED: "已同意",
        PetitionState.DENIED: "未同意",
        PetitionState.LAPSED: "已失效",
    },
    "clock": {
        Clock.INTAKE: "受理",
        Clock.VERIFY: "核实",
        Clock.FILING: "立案",
        Clock.DISPATCH: "派遣",
        Clock.DISPOSAL: "处置",
        Clock.ASSIST: "协办",
        Clock.MILESTONE: "阶段",
        Clock.SUSPENSION: "挂账",
        Clock.CHECK: "核查",
        Clock.ON_SITE: "现场核查",
        Clock.CLOSE: "结案",
        Clock.CASE: "全程",
        Clock.REPLY: "督办回复",
        Clock.CALL_BACK: "回访",
        Clock.SPOT_CHECK: "抽查",
    },
    "deadline": {
        DeadlineState.RUNNING: "计时中",
        DeadlineState.PAUSED: "暂停",
        DeadlineState.MET: "按期",
        DeadlineState.MISSED: "超期",
        DeadlineState.STOPPED: "中止",
    },
    "appeal": {
        Appeal.INQUIRY: "咨询",
        Appeal.HELP: "求助",
        Appeal.COMPLAINT: "投诉",
        Appeal.TIP: "举报",
        Appeal.SUGGESTION: "建议",
    },
    "tier": {Tier.EMERGENCY: "突发", Tier.URGENT: "水电气热", Tier.GENERAL: "一般", Tier.HARD: "疑难"},
    "ticket": {
        TicketState.OPEN: "待联系",
        TicketState.CONTACTED: "已联系",
        TicketState.ANSWERED: "已答复",
        TicketState.ENDED: "已办结",
        TicketState.WITHDRAWN: "已撤回",
    },
    "promise": {PromiseKind.CONTACT: "先行联系", PromiseKind.ANSWER: "答复"},
    "sensor_rule": {
        RuleKind.THRESHOLD: "阈值",
        RuleKind.RATE: "变化率",
        RuleKind.STUCK: "卡滞",
        RuleKind.SILENCE: "离线",
        RuleKind.RANGE: "超量程",
        RuleKind.NEIGHBOURS: "邻近印证",
        RuleKind.BASELINE: "基线偏离",
    },
    "direction": {Direction.UP: "上升", Direction.DOWN: "下降", Direction.BOTH: "双向"},
    "vicinity": {Vicinity.NETWORK: "同一管网", Vicinity.GRID: "同一网格"},
    "signal": {Change.RAISED: "报警", Change.CLEARED: "恢复", Change.FLAGGED: "数据存疑"},
    "incident": {
        Turn.OPENED: "发生",
        Turn.GREW: "扩大",
        Turn.CLIMBED: "升级",
        Turn.ABSORBED: "并入",
        Turn.SHRANK: "缩小",
        Turn.RECOVERED: "恢复",
    },
    "time": {
        TimeUnit.MINUTE: "分钟",
        TimeUnit.HOUR: "小时",
        TimeUnit.URGENT_WORK_HOUR: "紧急工作时",
        TimeUnit.URGENT_WORK_DAY: "紧急工作日",
        TimeUnit.WORK_HOUR: "工作时",
        TimeUnit.WORK_DAY: "工作日",
        TimeUnit.WHOLE_WORK_DAY: "整工作日",
        TimeUnit.NATURAL_DAY: "自然日",
    },
    "level": {
        Level.PROVINCE: "省",
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
_ALSO: Mapping[str, StrEnum] = {
    "事件": Kind.EVENT,
    "自然天": TimeUnit.NATURAL_DAY,
    "网格": Level.GRID,
    "申诉": Matter.APPEAL,
}

_MEANINGS: Mapping[tuple[type[StrEnum], str], StrEnum] = {
    (type(member), spelling): member
    for word, member in (
        *((word, member) for group in WORDS.values() for member, word in group.items()),
        *_ALSO.items(),
    )
    for spelling in (word, member.value)
}

# How a cell says yes or no.
FLAGS: Mapping[str, bool] = {"是": True, "yes": True, "否": False, "no": False}


def meaning(word: str, kind: type[E]) -> E | None:
    """The member of ``kind`` that a Chinese or English word means, or None."""
    found = _MEANINGS.get((kind, word))
    return found if isinstance(found, kind) else None


def labels() -> dict[str, str]:
    """The Chinese word for every code that a screen may show: ``{"state.closed": "已结案", ...}``."""
    return {f"{group}.{member}": word for group, members in WORDS.items() for member, word in members.items()}
