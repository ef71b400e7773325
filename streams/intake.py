"""Three sources in: hotline tickets, inspectors' reports, sensor alarms. A record becomes one report, let in once."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial

from domain.ids import ReportId
from domain.reading import check_codes
from domain.report import Report
from handlers.accept import accept_many
from handlers.batch import in_halves
from handlers.outcomes import Outcome
from handlers.ports import Office
from streams.door import Raw
from streams.records import alarm_report, hotline_report, inspector_report
from streams.topics import ALARM, HOTLINE, INSPECTOR, Topic
from streams.wire import checked_schema

Reader = Callable[[bytes | None, datetime, ReportId], Report]

READERS: dict[Topic, Reader] = {HOTLINE: hotline_report, INSPECTOR: inspector_report, ALARM: alarm_report}


def report_parser(office: Office, topic: Topic) -> Callable[[Raw], Sequence[Report]]:
    """How records of an intake topic are understood. The returned function raises ``Invalid``."""
    read = READERS[topic]

    def parse(raw: Raw) -> Sequence[Report]:
        checked_schema(raw.headers, topic.contract)
        report = read(raw.value, datetime.now(UTC), ReportId(office.new_id()))
        check_codes(report, office.advisers.catalogue)
        return (report,)

    return parse


async def accept(office: Office, reports: Sequence[Report]) -> Sequence[Outcome]:
    """The handler behind every intake topic."""
    return await in_halves(partial(accept_many, office), reports)
