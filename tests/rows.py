"""How each row of the law comes about: a story that stands before it, and the command that takes it."""

from dataclasses import replace

from domain.actor import SYSTEM, Actor, Role
from domain.case import State
from domain.commands import Command, Verb
from domain.ids import UnitId
from domain.petition import Matter
from domain.policy import Reopening, SendBack
from domain.table import Transition
from tests.arrange import (
    Arranged,
    Arrangement,
    absorbing,
    after,
    alarm,
    answered,
    any_answer,
    ended_before,
    merging,
    missed,
    opening,
    releasing,
    resumed,
    simply,
    standing_at,
    supervised,
)
from tests.build import Story, a_condition, a_policy, steps_on
from tests.values import CHIEF, DESK, DISPATCHER, DRAINS, INSPECTOR, OFFICER, ROADS, a_milestone, worker

_DIRECT = {**a_policy().consents, Matter.SEND_BACK: 0}
_ASKED = {**a_policy().consents, Matter.SEND_BACK: 1}
_ONCE = SendBack(most=1)


def _with_milestone(_: State) -> Arranged:
    story = Story()
    story.do(story.file(condition=a_condition(stages=(a_milestone(1),)))).do(story.dispatch()).do(story.accept())
    return story, story.reach()


ARRANGED: dict[tuple[Verb, str], Arrangement] = {
    (Verb.REGISTER, "登记，待受理"): opening(lambda s: s.register()),
    (Verb.ADMIT, "自动受理，待立案"): opening(lambda s: s.admit()),
    (Verb.VERIFY, "发核实"): simply(lambda s: s.verify()),
    (Verb.PASS, "核实属实"): simply(lambda s: s.passes()),
    (Verb.FAIL, "核实不属实"): simply(lambda s: s.fails()),
    (Verb.RETURN, "撤回核实"): simply(lambda s: s.returns(DESK)),
    (Verb.ADMIT, "受理"): simply(lambda s: s.admit(), steps=steps_on("filing")),
    (Verb.FILE, "受理并立案"): simply(lambda s: s.file()),
    (Verb.REFUSE, "不予受理"): simply(lambda s: s.refuse()),
    (Verb.DECLINE, "不予立案"): simply(lambda s: s.decline()),
    (Verb.RETURN, "回退受理员"): simply(lambda s: s.returns(CHIEF)),
    (Verb.WITHDRAW, "上报人撤回"): simply(lambda s: s.withdraw()),
    (Verb.WITHDRAW, "撤回其中一件诉求"): after(lambda s: s.join(), lambda s: s.withdraw()),
    (Verb.JOIN, "并入同一事件的诉求"): simply(lambda s: s.join()),
    (Verb.CANCEL, "申请作废"): simply(lambda s: s.cancel()),
    (Verb.DISPATCH, "派遣"): simply(lambda s: s.dispatch(ROADS, DRAINS)),
    (Verb.DISPATCH, "协商定责后派遣"): simply(lambda s: s.dispatch(ROADS, DRAINS)),
    (Verb.DEFER, "无规则，转派遣席"): simply(lambda s: s.defer()),
    (Verb.RETURN, "退回立案岗"): simply(lambda s: s.returns(DISPATCHER), steps=steps_on("filing")),
    (Verb.RETURN, "退回受理岗"): simply(lambda s: s.returns(DISPATCHER)),
    (Verb.RECALL, "收回改派"): simply(lambda s: s.recall()),
    (Verb.REINFORCE, "增派协办"): simply(lambda s: s.reinforce(DRAINS)),
    (Verb.ACTIVATE, "启动预案"): simply(lambda s: s.activate()),
    (Verb.ACTIVATE, "处置中启动预案"): simply(lambda s: s.activate()),
    (Verb.RAISE, "提级"): simply(lambda s: s.raises()),
    (Verb.RAISE, "吹哨、提级办理"): simply(lambda s: s.raises()),
    (Verb.LOWER, "下派"): simply(lambda s: s.lowers()),
    (Verb.RAISE, "提级，联合处置继续"): after(lambda s: s.activate(), lambda s: s.raises()),
    (Verb.LOWER, "下派，联合处置继续"): after(lambda s: s.activate(), lambda s: s.lowers()),
    (Verb.ACCEPT, "主办接单"): simply(lambda s: s.accept()),
    (Verb.ACCEPT, "首接负责，转为主办"): simply(lambda s: s.accept(DRAINS), DRAINS, first_accepts_leads=True),
    (Verb.ACCEPT, "协办接单"): simply(lambda s: s.do(s.reinforce(DRAINS)).accept(DRAINS)),
    (Verb.ASSIGN, "指派处置人员"): simply(lambda s: s.assign()),
    (Verb.ASSIGN, "协办指派人员"): simply(lambda s: s.do(s.reinforce(DRAINS)).assign(DRAINS)),
    (Verb.UNASSIGN, "撤销指派"): after(lambda s: s.assign(), lambda s: s.unassign()),
    (Verb.UNASSIGN, "协办撤销指派"): simply(lambda s: s.do(s.reinforce(DRAINS)).do(s.assign(DRAINS)).unassign(DRAINS)),
    (Verb.SEND_BACK, "申请退回"): simply(lambda s: s.send_back(), consents=_ASKED),
    (Verb.SEND_BACK, "再次退回，转协商定责"): simply(lambda s: s.send_back(), consents=_DIRECT, send_back=_ONCE),
    (Verb.SEND_BACK, "主办退回"): simply(lambda s: s.send_back(), consents=_DIRECT),
    (Verb.SEND_BACK, "协办退回"): simply(lambda s: s.do(s.reinforce(DRAINS)).send_back(DRAINS)),
    (Verb.REACH, "阶段完成"): _with_milestone,
    (Verb.FINISH, "处置完成，待部门确认"): simply(lambda s: s.finish(), steps=steps_on("confirm")),
    (Verb.FINISH, "处置完成，待核查"): simply(lambda s: s.finish()),
    (Verb.FINISH, "协办办结"): simply(lambda s: s.do(s.reinforce(DRAINS)).do(s.accept(DRAINS)).finish(DRAINS)),
    (Verb.CONFIRM, "部门确认，待核查"): simply(lambda s: s.confirm()),
    (Verb.RETURN, "退回处置人员"): simply(lambda s: s.returns(worker(ROADS))),
    (Verb.EXTEND, "申请延期"): simply(lambda s: s.extend()),
    (Verb.SUSPEND, "申请挂账"): simply(lambda s: s.suspend()),
    (Verb.RESUME, "恢复，待处置"): resumed(False),
    (Verb.RESUME, "恢复处置"): resumed(True),
    (Verb.GRANT, "同意延期"): answered(Matter.EXTENSION, lambda s: s.grant()),
    (Verb.GRANT, "同意挂账"): answered(Matter.SUSPENSION, lambda s: s.grant()),
    (Verb.GRANT, "同意退回，转协商定责"): answered(Matter.SEND_BACK, lambda s: s.grant(), send_back=_ONCE),
    (Verb.GRANT, "同意退回"): answered(Matter.SEND_BACK, lambda s: s.grant()),
    (Verb.GRANT, "同意作废"): answered(Matter.VOID, lambda s: s.grant()),
    (Verb.GRANT, "同意申诉，超期免责"): answered(Matter.APPEAL, lambda s: s.grant()),
    (Verb.GRANT, "一级同意，待复审"): any_answer(lambda s: s.grant()),
    (Verb.DENY, "不同意"): any_answer(lambda s: s.deny()),
    (Verb.CHECK, "发核查"): simply(lambda s: s.check()),
    (Verb.RETURN, "撤回核查"): simply(lambda s: s.returns(OFFICER)),
    (Verb.PASS, "核查通过，待结案"): simply(lambda s: s.passes(), steps=steps_on("close")),
    (Verb.PASS, "核查通过，结案"): simply(lambda s: s.passes()),
    (Verb.FAIL, "核查不通过，返工"): simply(lambda s: s.fails()),
    (Verb.CLOSE, "结案"): simply(lambda s: s.close()),
    (Verb.RETURN, "退回核查"): simply(lambda s: s.returns(CHIEF)),
    (Verb.CALL_BACK, "回访不满意，重办"): simply(lambda s: s.call_back(solved=False)),
    (Verb.CALL_BACK, "回访、评价"): simply(lambda s: s.call_back(), reopening=Reopening(most=0)),
    (Verb.REOPEN, "重办"): simply(lambda s: s.reopen()),
    (Verb.REOPEN, "恢复受理"): lambda source: (
        ended_before(False, lambda s: s.reopen())(source)
        if source is State.FORCE_CLOSED
        else simply(lambda s: s.reopen())(source)
    ),
    (Verb.SPOT_CHECK, "抽查"): simply(lambda s: s.spot_check()),
    (Verb.PASS, "抽查合格"): after(lambda s: s.spot_check(), lambda s: s.passes()),
    (Verb.FAIL, "抽查不合格，重办"): after(lambda s: s.spot_check(), lambda s: s.fails()),
    (Verb.APPEAL, "超期申诉"): lambda source: ((s := missed(source)), s.appeal()),
    (Verb.URGE, "催办"): simply(lambda s: s.urge()),
    (Verb.SUPERVISE, "督办"): simply(lambda s: s.supervise()),
    (Verb.REPLY, "督办回复"): supervised,
    (Verb.MERGE, "并单"): merging,
    (Verb.ABSORB, "并入他案"): absorbing,
    (Verb.SPLIT, "拆单，待受理"): ended_before(False, lambda s: s.reopen()),
    (Verb.SPLIT, "拆单，重新派遣"): ended_before(True, lambda s: s.reopen()),
    (Verb.RELEASE, "拆出他案"): releasing,
    (Verb.FORCE_CLOSE, "强制结案"): simply(lambda s: s.force_close()),
    (Verb.RECOVER, "自动恢复，撤销报警"): simply(lambda s: s.recover(), recovery_withdraws=True),
    (Verb.RECOVER, "自动恢复，记入案卷"): simply(lambda s: s.recover()),
    (Verb.WARN, "临期预警"): alarm(0),
    (Verb.EXPIRE, "超期"): alarm(1),
    (Verb.ESCALATE, "超期升级督办"): alarm(2),
}


def arranged(row: Transition) -> Arranged:
    """The story before a row, and the command that takes it."""
    if (row.verb, row.says) == (Verb.FILE, "立案"):
        story = Story() if row.source is None else standing_at(row.source)
        return story, story.file()
    return ARRANGED[row.verb, row.says](row.source or State.REPORTED)


def acting(story: Story, command: Command, role: Role) -> Command:
    """The same command by somebody of another role: a unit for the task's or the case's lead, else a stranger."""
    if role is Role.SYSTEM:
        return replace(command, actor=SYSTEM)
    if role in (Role.UNIT, Role.INSPECTOR) and command.actor.role is role:
        return command
    unit: UnitId | None = None
    if role is Role.UNIT and story.happened:
        unit = next((t.unit for t in story.case.tasks if t.id == command.task), None) or ROADS
    if role is Role.INSPECTOR:
        return replace(command, actor=INSPECTOR)
    return replace(command, actor=Actor(f"{role}-9", role, unit))
