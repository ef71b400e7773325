"""Who stands behind a case: told to the law report by report, moved by what happens, whatever order it comes in."""

from dataclasses import replace
from itertools import count
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from domain.actor import SYSTEM
from domain.case import Case, State
from domain.commands import Command, Verb
from domain.crowd import Crowd
from domain.events import NAMES, Event
from domain.ids import CaseId, ReportId
from domain.standing import STRANGER, Standing
from tests.build import MONDAY, a_case

MAIN, ONE, TWO = (CaseId(UUID(int=n)) for n in range(1, 4))
REPORTS = [ReportId(UUID(int=100 + n)) for n in range(5)]
_versions = count(1)


def event(verb: Verb, case: CaseId, *reports: ReportId, other: CaseId | None = None) -> Event:
    """A step with which reports come or go."""
    return Event(case, next(_versions), NAMES[verb], MONDAY, SYSTEM, State.DISPOSING, reports=reports, other=other)


class World:
    """Three cases as the crowd is told of them, beside a plain model: sets of who came how."""

    def __init__(self) -> None:
        self.crowd = Crowd()
        self.cases: dict[CaseId, Case] = {id_: replace(a_case(), id=id_, behind=0) for id_ in (MAIN, ONE, TWO)}
        self.own: dict[CaseId, set[ReportId]] = {id_: set() for id_ in self.cases}
        self.brought: dict[CaseId, set[ReportId]] = {}
        self.withdrawn: set[ReportId] = set()

    def joins(self, case: CaseId, report: ReportId) -> None:
        """A report joins, unless it was there."""
        told = self.crowd.informed(Command(Verb.JOIN, SYSTEM, case, report=report), self.cases).standing
        if case == MAIN:
            assert told.behind == (report in self.behind())
            assert told.withdrawn == (report in self.withdrawn)
        if case in self.brought or told.behind or told.withdrawn:
            return
        self.crowd.follow(event(Verb.JOIN, case, report))
        self.own[case].add(report)

    def merges(self, one: CaseId) -> None:
        """One case is merged into the main one."""
        if one in self.brought:
            return
        absorb = Command(Verb.ABSORB, SYSTEM, MAIN, other=self.cases[one])
        coming = self.crowd.informed(absorb, self.cases).reports
        assert set(coming) == self.own[one] - self.behind()
        self.crowd.follow(event(Verb.ABSORB, MAIN, *coming, other=one))
        self.brought[one] = self.own[one] - self.own[MAIN]
        self.main(absorbed=(*self.cases[MAIN].absorbed, one))

    def splits(self, one: CaseId) -> None:
        """And parts again."""
        if one not in self.brought:
            return
        before = self.behind()
        release = Command(Verb.RELEASE, SYSTEM, MAIN, other=self.cases[one])
        going = self.crowd.informed(release, self.cases).reports
        del self.brought[one]
        assert set(going) == before - self.behind()
        self.crowd.follow(event(Verb.RELEASE, MAIN, *going, other=one))
        self.main(absorbed=tuple(case for case in self.cases[MAIN].absorbed if case != one))

    def main(self, **changes: object) -> None:
        """The main case as it is now."""
        self.cases[MAIN] = replace(self.cases[MAIN], **changes)  # type: ignore[arg-type]

    def behind(self) -> set[ReportId]:
        """Who stands behind the main case."""
        return self.own[MAIN].union(*self.brought.values())


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("joins"), st.sampled_from([MAIN, ONE, TWO]), st.sampled_from(REPORTS)),
        st.tuples(st.sampled_from(["merges", "splits"]), st.sampled_from([ONE, TWO])),
    ),
    max_size=30,
)


@given(steps=STEPS)
def test_merging_and_parting_in_any_order_loses_nobody_and_counts_nobody_twice(
    steps: list[tuple[str, CaseId] | tuple[str, CaseId, ReportId]],
) -> None:
    world = World()
    for name, *about in steps:
        getattr(world, name)(*about)
        assert set(world.crowd.behind(MAIN)) == world.behind()
        assert len(world.crowd.behind(MAIN)) == len(world.behind())


def test_who_took_a_report_back_stays_known_also_when_it_comes_again_with_a_merged_case() -> None:
    crowd, (report, *_) = Crowd([(ONE, REPORTS[0], Standing(behind=True, own=True))]), REPORTS
    crowd.follow(event(Verb.JOIN, MAIN, report))
    crowd.follow(event(Verb.WITHDRAW, MAIN, report))
    assert crowd.of(MAIN, report) == Standing(own=True, withdrawn=True)
    crowd.follow(event(Verb.ABSORB, MAIN, report, other=ONE))
    assert crowd.of(MAIN, report) == Standing(behind=True, withdrawn=True)
    (change,) = crowd.follow(event(Verb.RELEASE, MAIN, report, other=ONE))
    assert change.after == Standing(withdrawn=True), "the row stays for whoever asks what became of it"
    assert crowd.of(TWO, report) == STRANGER
