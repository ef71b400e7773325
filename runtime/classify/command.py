"""What the commands of ``cityloop classify`` do."""

import asyncio
import json
import time
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from classify.masking import masked
from classify.training import fit
from domain.ids import ReportId
from domain.report import Report, Source
from handlers.ports import new_id
from runtime.citypack import Pack
from runtime.classify.assess import Figures, cross_validated, figures, folds_of, judged
from runtime.classify.files import load_model, save_model
from runtime.classify.live import LiveClassifier
from runtime.classify.rows import digest, read_rows
from store.pool import connect
from store.training import training_texts


def train(data: Sequence[Path], file: Path, day: date, out: Console) -> None:
    """Train on the rows of files and write the model. Raises ``Invalid`` for data that cannot be used."""
    rows = read_rows(data)
    model = fit(rows, digest(rows), day.isoformat())
    save_model(model, file)
    out.print(f"{file}: model {model.header.id}, {model.header.rows:,} of {len(rows):,} rows used", highlight=False)
    table = Table("label", "threshold for 95 %", title="by cross-validation on the training data")
    for label, threshold in zip(model.header.labels, model.header.thresholds["0.95"], strict=True):
        table.add_row(label, f"{threshold:.3f}" if threshold <= 1 else "never")
    out.print(table)
    out.print(", ".join(f"{name} {value:.4f}" for name, value in model.header.figures.items()), highlight=False)


def evaluate(data: Sequence[Path], file: Path, out: Console) -> None:
    """Print how well a model judges the rows of files, and how fast."""
    rows, model = read_rows(data), load_model(file)
    began = time.perf_counter()
    answers = judged(model, rows)
    rate = len(rows) / (time.perf_counter() - began)
    taken = []
    for row in rows[:1000]:
        began = time.perf_counter()
        judged(model, [row])
        taken.append(time.perf_counter() - began)
    _show(figures(answers, rows, model.header.labels), f"model {model.header.id}", out)
    out.print(f"{rate:,.0f} texts/s, p99 of one text {1000 * np.quantile(taken, 0.99):.1f} ms", highlight=False)


def cross_validate(data: Sequence[Path], folds: int, out: Console) -> None:
    """Print how well the method does on rows, each judged by a model that saw none of its group."""
    rows = read_rows(data)
    answers, labels = cross_validated(rows, rows, folds_of(rows, folds, seed=0))
    _show(figures(answers, rows, labels), f"{folds} folds, groups kept together", out)


def explain(text: str, pack: Pack, file: Path, out: Console) -> None:
    """Print the category, its rivals, the reasons, and what the caller wants."""
    now = datetime.now(pack.policy.calendar.zone)
    report = Report(ReportId(new_id()), Source.HOTLINE, "explain", "1", now, text=text)
    (found,) = LiveClassifier(pack, file).classify_many([report])
    said = found.judgement
    name = f"{found.category.name} ({found.category.key})" if found.category else "unclassified"
    out.print(f"{name}: {said.by}, {said.confidence:.0%}", highlight=False, markup=False)
    out.print(said.reason, highlight=False, markup=False)
    for guess in (*found.top, *found.classes):
        out.print(f"  {guess.probability:6.1%} {guess.name}", highlight=False, markup=False)
    wants = found.wish.wants or "not heard"
    out.print(f"wants: {wants}; urgency: {found.wish.urgency}; {found.wish.reason}", highlight=False, markup=False)


def export(database_url: str, file: Path, since: datetime, out: Console) -> None:
    """Write the training texts of the record. Raises ``Unavailable`` when the database is away."""
    out.print(f"{file}: {asyncio.run(export_texts(database_url, file, since)):,} texts", highlight=False)


async def export_texts(database_url: str, file: Path, since: datetime) -> int:
    """Write the texts as JSON lines, a case as a group; how many there are."""
    pool = await connect(database_url, size=1, application="cityloop-classify")
    count = 0
    try:
        with file.open("w", encoding="utf-8") as lines:
            async for one in training_texts(pool, since):
                row = {"label": one.category, "text": masked(one.text), "group": str(one.case)}
                lines.write(json.dumps(row, ensure_ascii=False) + "\n")
                count += 1
    finally:
        await pool.close()
    return count


def _show(found: Figures, title: str, out: Console) -> None:
    table = Table("label", "F1", title=title)
    for label, f1 in found.by_label.items():
        table.add_row(label, f"{f1:.4f}")
    out.print(table)
    out.print(
        f"{found.rows:,} rows: accuracy {found.accuracy:.4f}, macro-F1 {found.macro_f1:.4f}, "
        f"surest 85 % {found.surest:.4f}, ECE {found.calibration_error:.4f}",
        highlight=False,
    )
