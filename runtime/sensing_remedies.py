"""What to do about the codes of a city pack's tables of sensors; part of ``runtime.remedies``."""

from collections.abc import Mapping

SENSING: Mapping[str, str] = {
    "cause-unknown": "use an id of `alarm_causes.csv`, or leave that file out: then any word will do",
    "device-kind-unknown": "use an id of `device_kinds.csv`",
    "kind-without-rules": "warning: nothing is said of this kind of device: its readings are stored and never judged",
    "limits-crossed": "let the alarm end on the near side of where it begins: `clear_at` below `raise_at`, "
    "or above it where 下降 is bad",
    "limit-outside-range": "give a limit that the kind can read: between `low` and `high` of `device_kinds.csv`",
    "level-unreachable": "warning: the graver level of this alarm is always reached first; move one of the limits",
    "range-empty": "let `low` be below `high`",
    "range-without-bounds": "give the kind `low` or `high`, or take the rule out: nothing is out of range without them",
    "rule-parameter": "leave the cell empty: this sort of rule does not take it; docs/sensing.md says what each takes",
    "rule-without-kind-row": "give the rule a row without `device` first; a row with one changes its limits only",
    "rules-alike": "warning: two rules hold at the same moments; take one out, or make them levels of one `alarm`",
    "window-of-working-days": "name a window without `working`: the rules of sensors know no working days",
}
