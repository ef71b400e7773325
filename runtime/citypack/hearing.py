"""How a city's texts are heard: cues for what callers want, and the manner in which its model judges."""

import re
from collections.abc import Mapping

from classify.cues import OR, PLUS, Cue, CueRule
from classify.opinion import Manner
from runtime.citypack.catalogue import Book
from runtime.citypack.files import PackFiles
from runtime.citypack.settings import Settings
from runtime.citypack.tables import Table, read_table, reject_repeated

_CUES = Table("cues.csv", ("cue", "words"), ("unless",), headers={"含义": "cue"})
_THRESHOLDS = Table("thresholds.csv", ("category", "threshold"), headers={"阈值": "threshold"})

_WORDS: Mapping[Cue, str] = {
    Cue.COMPLAINT: "投诉",
    Cue.TIP: "举报",
    Cue.HELP: "求助",
    Cue.INQUIRY: "咨询",
    Cue.SUGGESTION: "建议",
    Cue.PRAISE: "表扬",
    Cue.EMERGENCY: "险情",
    Cue.DANGER: "隐患",
    Cue.DENIED: "否定",
    Cue.SUPPOSED: "假设",
    Cue.PAST: "过去",
    Cue.PRESENT: "现在",
    Cue.OVER: "已消除",
    Cue.EXERCISE: "演练",
}
_MEANINGS = {spelling: cue for cue, word in _WORDS.items() for spelling in (word, cue.value)}


def read_cues(files: PackFiles) -> tuple[CueRule, ...]:
    """The common cues (``cues.csv`` beside the national tables) and the city's own, which come on top of them."""
    common = read_table(files, _CUES, required=False, national=True) or []
    own = read_table(files, _CUES, required=False) or []
    rules = []
    for row in (*common, *own):
        cue, words, unless = _MEANINGS.get(row["cue"]), row.names("words"), row.names("unless")
        if cue is None:
            row.fault("word-unknown", f"cue: one of {', '.join(Cue)}")
        if not all(part.strip() for phrase in words for part in re.split(f"[{PLUS}{OR}]", phrase)):
            row.fault("list-entry-empty", "words")
        if row.ok and cue is not None:
            rules.append(CueRule(cue, words, unless))
    return tuple(rules)


def read_manner(files: PackFiles, settings: Settings, book: Book) -> Manner:
    """What ``pack.yaml`` says under ``classify``, with the thresholds of ``thresholds.csv``."""
    rows = read_table(files, _THRESHOLDS, required=False) or []
    reject_repeated(rows, "category")
    thresholds: dict[str, float] = {}
    for row in rows:
        category, threshold = book.category(row), row.number("threshold", 1.0)
        if not 0 < threshold <= 1:
            row.fault("weight-invalid", "above 0, at most 1")
        if row.ok and category is not None:
            thresholds[category.key] = threshold
    return settings.said.classify.manner(thresholds) if settings.said else Manner()
