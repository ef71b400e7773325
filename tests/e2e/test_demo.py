"""The demo as a newcomer runs it: a day on real servers must account, and the accounting must be able to fail."""

import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from classify.classifier import Classifier
from domain.ids import ReportId
from domain.report import Report, Source
from handlers.accept import accept_many
from handlers.ports import Office
from handlers.reject import Rejected, keep_rejects
from runtime.demo.account import Account, Fate, fates
from runtime.demo.city import Message, day
from runtime.demo.ledger import Entry, Ledger
from runtime.demo.words import COMPLAINTS, SEEN, SPOTS, VAGUE
from streams.topics import HOTLINE
from tests.demo_city import pack

ROOT = Path(__file__).resolve().parents[2]
NOW = datetime(2026, 11, 20, 7, tzinfo=UTC)


@pytest.fixture
def home() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="cityloop-demo-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def test_a_day_accounts_for_every_report(home: Path, kafka_bootstrap: str, fresh_dsn: str) -> None:
    environment = os.environ | {
        "CITYLOOP_HOME": str(home),
        "CITYLOOP_KAFKA_BOOTSTRAP": kafka_bootstrap,
        "CITYLOOP_DATABASE_URL": fresh_dsn,
        "CITYLOOP_TOPIC_PREFIX": f"demo-{uuid4().hex[:8]}",
        "COLUMNS": "120",
    }
    command = [sys.executable, "-m", "runtime.cli", "demo", "--exit", "--reports", "120"]
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=250, check=False)
    said = run.stdout + run.stderr
    assert run.returncode == 0, said
    line = re.search(r"^in (\d+) = (.*); lost 0, doubled 0$", run.stdout, re.MULTILINE)
    assert line is not None, said
    parts = [int(number) for number in re.findall(r"\d+", line[2])]
    assert int(line[1]) == sum(parts) > 120, "repeats and unusable records come on top"
    assert "every report accounts" in run.stdout
    assert "云湖市环境卫生服务中心" in run.stdout
    asked, granted = counts(run.stdout, "extensions")
    suspended, resumed = counts(run.stdout, "suspensions")
    supervised, replied = counts(run.stdout, "supervised")
    made, contacted, solved, satisfied = counts(run.stdout, "call-backs: made")
    opened, spoken = counts(run.stdout, "tickets: opened")
    answered, in_time = counts(run.stdout, "tickets: answered")
    assert asked >= granted
    assert suspended == resumed, "what rests goes on by itself"
    assert supervised == replied, "nobody finishes who owes a reply"
    assert made >= contacted >= solved >= satisfied
    assert opened >= spoken >= answered >= in_time
    assert opened > 40, "about half of the reports are calls"
    measured = re.search(
        r"^(\d+) readings = kept (\d+) \+ of unknown devices (\d+); (\d+) alarms, (\d+) incidents, untold 0, lost 0$",
        run.stdout,
        re.MULTILINE,
    )
    assert measured is not None, said
    sent, kept, unknown, alarms, incidents = map(int, measured.groups())
    assert sent == kept + unknown > 5000
    assert alarms > 100 > 10 > incidents, "a storm of alarms is a few incidents"
    assert counts(run.stdout, "witnesses of the greatest incident") == [40]
    raised, cleared = counts(run.stdout, "alarms: raised / cleared")
    assert raised == alarms > cleared, "a cover is still out of its place"
    (chart,) = home.glob("chart-wl-wanghu-01.*.svg")
    assert "达到1.5m" in chart.read_text(encoding="utf-8"), "the alarm is on the chart"


def counts(said: str, words: str) -> list[int]:
    """The figures in the line of a closing table that has these words."""
    (line,) = (line for line in said.splitlines() if words in line)
    return [int(number) for number in re.findall(r"\d+", line.strip(" │").rpartition("│")[2])]


# --- What the city says


def understood(text: str) -> tuple[str, float]:
    report = Report(ReportId(uuid4()), Source.HOTLINE, "demo", "1", NOW, text=text)
    (found,) = Classifier(pack().catalogue, pack().keywords).classify_many([report])
    return (found.category.code if found.category else ""), found.judgement.confidence


def test_every_clear_sentence_is_understood_as_it_is_meant() -> None:
    for code, sentences in COMPLAINTS.items():
        for sentence in sentences:
            for spot in SPOTS:
                category, confidence = understood(sentence.format(at=f"柳岸社区{spot}"))
                assert category == code, sentence
                assert confidence >= pack().policy.auto_file_from, sentence


def test_no_rule_understands_a_vague_sentence() -> None:
    assert {text: understood(text)[0] for text in VAGUE} == dict.fromkeys(VAGUE, "")


def test_what_inspectors_tick_is_in_the_pack() -> None:
    for code, (condition, _) in SEEN.items():
        catalogue = pack().catalogue
        found = catalogue.condition(catalogue.find(code), condition)
        assert found is not None
        assert found.id == condition


def test_a_seed_is_a_day_and_a_run_has_its_own_numbers() -> None:
    first, again = (day(pack(), run=run, seed=7, reports=200, now=NOW) for run in ("a", "b"))
    other = day(pack(), run="a", seed=8, reports=200, now=NOW)
    assert [m.at for m in first] == [m.at for m in again] != [m.at for m in other]
    assert not {m.key for m in first} & {m.key for m in again}
    assert [m.at for m in first] == sorted(m.at for m in first)
    usable = Counter((m.origin, m.key) for m in first)
    assert len(usable) >= 200
    assert {m.topic.name if m.topic else "http" for m in first} == {"intake.hotline.v1", "intake.alarm.v1", "http"}


# --- The accounting can fail


def ticket(number: str) -> Message:
    return Message(0.0, HOTLINE, "", "hotline:12345", number, b"{}", number)


def entry(number: str, offset: int) -> Entry:
    return Entry(ticket(number), NOW.timestamp(), address=("t", 0, offset))


async def test_what_the_broker_took_and_nobody_has_is_missing(office: Office) -> None:
    number = uuid4().hex
    await accept_many(office, [Report(ReportId(uuid4()), Source.HOTLINE, "hotline:12345", number, NOW, text="x")])
    since = datetime.now(UTC) - timedelta(minutes=1)
    await keep_rejects(office, [Rejected("t", 0, 3, 0, None, {}, b"", "json-invalid", "")])
    entries = [entry(number, 1), entry(number, 2), entry(uuid4().hex, 3), entry(uuid4().hex, 4)]
    found = await fates(office, Ledger(4, entries), since)
    assert [fate for _, fate in found.entries] == [Fate.RECEIVED, Fate.AGAIN, Fate.REFUSED, Fate.MISSING]
    assert found.reasons == Counter({"json-invalid": 1})
    later = await fates(office, Ledger(4, entries), datetime.now(UTC) + timedelta(minutes=1))
    assert later.entries[2][1] is Fate.MISSING, "an earlier run's reject at the same address excuses nothing"


async def test_a_report_answered_with_another_ones_id_is_doubled(office: Office) -> None:
    number = uuid4().hex
    await accept_many(office, [Report(ReportId(uuid4()), Source.HOTLINE, "hotline:12345", number, NOW, text="x")])
    told = replace(entry(number, 1), address=None, report=str(uuid4()))
    assert (await fates(office, Ledger(1, [told]), NOW)).doubled == 1


@pytest.mark.parametrize(
    "fault",
    [
        {"sent": 9},
        {"received": 7},
        {"filed": 5},
        {"doubled": 1},
        {"not_filed_yet": 1, "filed": 5},
    ],
)
def test_books_that_do_not_balance_are_called_so(fault: dict[str, int]) -> None:
    account = Account(10, 10, received=8, again=1, refused=1, filed=6, joined=1, at_desk=1)
    assert account.balanced
    assert not replace(account, **fault).balanced
