"""How cases are shown: the aggregate with the names people know for units, areas and states."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

import msgspec

from api.case_schemas import DeadlineOut, PetitionOut, ReportBehind, StepOut, TaskOut
from domain.case import Case, Clock, Deadline
from domain.petition import Petition
from domain.task import Part, Task

Plain = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Names:
    """The city pack's words: units and areas by code, states and other terms by their English name; its time zone."""

    units: Mapping[str, str]
    areas: Mapping[str, str]
    labels: Mapping[str, str]
    zone: tzinfo


class Presenter:
    """Renders cases as plain data in the shapes of ``api.schemas``."""

    def __init__(self, names: Names) -> None:
        self._names = names

    @property
    def names(self) -> Names:
        """The city pack's words."""
        return self._names

    @property
    def units(self) -> Mapping[str, str]:
        """The names of all units, by code."""
        return self._names.units

    def case(self, case: Case) -> Plain:
        """A case as lists show it (``CaseOut``)."""
        lead = case.lead
        return {
            "no": case.no,
            "version": case.version,
            "state": case.state,
            "state_name": self._names.labels.get(f"state.{case.state}", case.state),
            "source": case.source,
            "urgency": case.urgency,
            "overdue": case.overdue,
            "category": msgspec.to_builtins(case.category),
            "condition": msgspec.to_builtins(case.condition),
            "areas": [{"code": code, "name": self._names.areas.get(code, code)} for code in case.place.path],
            "grid": case.place.grid,
            "doubt": case.place.doubt,
            "point": msgspec.to_builtins(case.point),
            "unit": lead.unit if lead else None,
            "unit_name": self._unit(lead.unit) if lead and lead.unit else None,
            "opened_at": case.opened_at,
            "updated_at": case.updated_at,
            "behind": case.behind,
            "filed_at": case.filed_at,
            "dispatched_at": case.dispatched_at,
            "ended_at": case.ended_at,
            "send_backs": case.send_backs,
            "reworks": case.reworks,
            "reopened": case.reopened,
            "urges": case.urges,
            "escalation": case.escalation,
            "level": case.level,
            "closing": case.closing,
            "verified": case.verified,
            "merged_into": case.merged_into,
            "plan": msgspec.to_builtins(case.plan),
            "deadlines": [deadline(d) for d in case.deadlines],
            "tasks": [self.task(t) for t in case.tasks],
            "petitions": [petition(p) for p in case.petitions],
            "supervisions": msgspec.to_builtins(case.supervisions),
            "call_backs": msgspec.to_builtins(case.call_backs),
        }

    def task(self, task: Task) -> Plain:
        """A task (``TaskOut``)."""
        plain = {**msgspec.to_builtins(task), "unit_name": self._unit(task.unit) if task.unit else None}
        return {name: plain[name] for name in TaskOut.model_fields}

    def step(self, event: Mapping[str, Any]) -> Plain:
        """One step of the history (``StepOut``)."""
        return {name: event.get(name) for name in StepOut.model_fields}

    def explanation(self, case: Case) -> Plain:
        """Why this category, place, unit and deadline (``Explanation``)."""
        verdict, what = case.verdict, case.what
        areas = " / ".join(self._names.areas.get(code, code) for code in case.place.path) or "无"
        category = f"{case.category.code} {case.category.name}" if case.category else "未分类"
        sentences = [
            f"类别：{category}（{what.by}，把握 {what.confidence:.0%}：{what.reason}）"
            if what
            else f"类别：{category}",
            f"位置：{areas}（{case.place.doubt}）",
        ]
        if verdict is not None:
            unit = self._unit(verdict.lead) if verdict.lead else "派遣席"
            sentences.append(f"主办：{unit}（{verdict.reason}；{verdict.rulebook}）")
            if verdict.choice:
                sentences.append(f"可选主办：{'、'.join(self._unit(name) for name in verdict.choice)}")
            sentences += [f"未采用：{rule}" for rule in verdict.passed_over]
            sentences += [f"假如：{change}" for change in verdict.changes]
        sentences += [f"时限：{d.clock} {d.due_at:%Y-%m-%d %H:%M}（{d.origin}，{d.state}）" for d in case.deadlines]
        return {
            "no": case.no,
            "what": {"category": msgspec.to_builtins(case.category), "condition": msgspec.to_builtins(case.condition),
                     "judgement": msgspec.to_builtins(what), "tags": list(case.tags)},
            "where": {**msgspec.to_builtins(case.place), "areas": areas},
            "who": msgspec.to_builtins(verdict),
            "when": [deadline(d) for d in case.deadlines],
            "sentences": sentences,
            "citizen": self._for_the_citizen(case),
        }  # fmt: skip

    def _for_the_citizen(self, case: Case) -> str:
        """Who deals with it and until when, fit to be read out to whoever reported it: no codes, no names of rules."""
        what = f"“{case.category.name}”" if case.category else ""
        where = self._names.areas.get(case.place.path[-1], "") if case.place.path else ""
        told = f"您反映的{where}{what}问题"
        if case.lead is None or not case.lead.unit:
            return f"{told}正在确定承办单位。"
        others = [self._unit(t.unit) for t in case.tasks if t.part is Part.ASSIST and t.unit and t.open]
        helped = f"，{'、'.join(others)}协助" if others else ""
        due = case.running(Clock.DISPOSAL)
        until = f"，计划于{due.due_at.astimezone(self._names.zone):%Y年%m月%d日%H时%M分}前处置完毕" if due else ""
        return f"{told}已交由{self._unit(case.lead.unit)}办理{helped}{until}。"

    def _unit(self, unit: str) -> str:
        return self._names.units.get(unit, unit)


def deadline(deadline: Deadline) -> Plain:
    """A deadline (``DeadlineOut``)."""
    plain: Plain = msgspec.to_builtins(deadline)
    return {name: plain[name] for name in DeadlineOut.model_fields}


def petition(petition: Petition) -> Plain:
    """A petition (``PetitionOut``)."""
    plain: Plain = msgspec.to_builtins(petition)
    return {name: plain[name] for name in PetitionOut.model_fields}


def rows(reports: Sequence[Mapping[str, Any]]) -> list[Plain]:
    """Report rows of a case (``ReportBehind``)."""
    return [{name: report[name] for name in ReportBehind.model_fields} for report in reports]
