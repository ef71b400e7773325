"""What a row of the law asks beyond state and role: each guard a sentence and a test. For ``domain.table``."""

from collections.abc import Callable
from dataclasses import dataclass

from domain.actor import Role
from domain.case import Case, State
from domain.commands import Command
from domain.petition import Matter, Petition
from domain.policy import Policy
from domain.task import Part, Task, TaskState

Holds = Callable[[Case, Command, Policy], bool]


@dataclass(frozen=True, slots=True)
class Guard:
    """``says`` is what docs/lifecycle.md prints; ``holds`` is pure."""

    says: str
    holds: Holds

    def __and__(self, other: "Guard") -> "Guard":
        return Guard(f"{self.says}; {other.says}", lambda c, m, p: self.holds(c, m, p) and other.holds(c, m, p))

    def __invert__(self) -> "Guard":
        return Guard(f"not: {self.says}", lambda c, m, p: not self.holds(c, m, p))


def named_task(case: Case, command: Command) -> Task | None:
    """The case's task that the command names, if it has one."""
    return next((task for task in case.tasks if task.id == command.task), None)


def named_petition(case: Case, command: Command) -> Petition | None:
    """The case's petition that the command names, if it has one."""
    return next((petition for petition in case.petitions if petition.id == command.petition), None)


def leads(case: Case, command: Command) -> bool:
    """Whether the actor's unit is the lead of the case."""
    return case.lead is not None and case.lead.unit == command.actor.unit


def _part(*parts: Part) -> Holds:
    def holds(case: Case, command: Command, _: Policy) -> bool:
        task = named_task(case, command)
        return task is not None and task.part in parts

    return holds


def _assistants_reported(case: Case, command: Command, _: Policy) -> bool:
    return all(not t.open or not t.required for t in case.tasks if t.part is Part.ASSIST and t.id != command.task)


def _first_to_accept(case: Case, command: Command, policy: Policy) -> bool:
    offered = case.lead is not None and case.lead.state is TaskState.OFFERED
    return policy.first_accepts_leads and offered and not case.jointly


def _about(matter: Matter) -> Guard:
    def holds(case: Case, command: Command, _: Policy) -> bool:
        petition = named_petition(case, command)
        return petition is not None and petition.matter is matter

    return Guard(f"the petition asks for {matter}", holds)


def _last_consent(case: Case, command: Command, policy: Policy) -> bool:
    petition = named_petition(case, command)
    return petition is not None and len(petition.consents) + 1 >= policy.consents[petition.matter]


def _at_limit(case: Case, _: Command, policy: Policy) -> bool:
    return case.send_backs + 1 >= policy.send_back.most


def _reopens(case: Case, command: Command, policy: Policy) -> bool:
    said, rule = command.said, policy.reopening
    if said is None or case.reopened >= rule.most:
        return False
    return (rule.unsolved and said.solved is False) or (rule.dissatisfied and said.satisfied is False)


LEAD = Guard("the task is the lead's", _part(Part.LEAD))
ASSIST = Guard("the task is an assistant's", _part(Part.ASSIST))
VERIFYING = Guard("the task is a 核实", _part(Part.VERIFY))
CHECKING = Guard("the task is a 核查", _part(Part.CHECK))
SPOT = Guard("the task is a 抽查", _part(Part.SPOT_CHECK))
REPORTED_BACK = Guard("every required assistant has reported", _assistants_reported)
FIRST = Guard("policy first_accepts_leads, the lead has not accepted, no joint decision named it", _first_to_accept)
MY_CASE = Guard("the actor's unit leads the case", lambda case, command, _: leads(case, command))
MY_CASE_OR_OFFICE = Guard(
    "a unit only where it leads the case",
    lambda case, command, _: command.actor.role is not Role.UNIT or leads(case, command),
)
PLANNED = Guard("a plan runs on the case", lambda case, _, __: case.plan is not None)
MY_PART = Guard(
    "the actor's unit has a task on the case",
    lambda case, command, _: any(t.unit == command.actor.unit for t in case.tasks if t.unit),
)
FILING_STEP = Guard("policy steps.filing", lambda _, __, policy: policy.steps.filing)
MAY_FILE_AT_ONCE = Guard(
    "not policy steps.filing, or the system files",
    lambda _, command, policy: not policy.steps.filing or command.actor.role is Role.SYSTEM,
)
CONFIRM_STEP = Guard("policy steps.confirm", lambda _, __, policy: policy.steps.confirm)
CLOSE_STEP = Guard("policy steps.close", lambda _, __, policy: policy.steps.close)
DESK_CHECK = Guard("not policy on_site.required", lambda _, __, policy: not policy.on_site.required)
DIRECT = Guard("policy consents.send_back is 0", lambda _, __, policy: policy.consents[Matter.SEND_BACK] == 0)
PING_PONG = Guard("the policy's number of send-backs is reached", _at_limit)
LAST_REPORT = Guard(
    "no other report stands behind the case", lambda case, command, _: command.standing.behind and case.behind == 1
)
RECOVERY_WITHDRAWS = Guard("policy recovery_withdraws", lambda _, __, policy: policy.recovery_withdraws)
EXTENSION, SUSPENSION, SEND_BACK = _about(Matter.EXTENSION), _about(Matter.SUSPENSION), _about(Matter.SEND_BACK)
VOID, APPEAL = _about(Matter.VOID), _about(Matter.APPEAL)
ENOUGH = Guard("nobody else has to agree", _last_consent)
WAS_PENDING = Guard("it waited for disposal before", lambda case, _, __: case.resumes is State.PENDING_DISPOSAL)
UNFILED = Guard("it was not filed", lambda case, _, __: case.filed_at is None)
REOPENS = Guard("the verdicts re-open it by policy reopening", _reopens)
