"""What to do about the codes of a city pack's rulebook; part of ``runtime.remedies``."""

from collections.abc import Mapping

RULEBOOK: Mapping[str, str] = {
    "cell-uncovered": "warning: write a rule for these categories and areas, or let the duty desk have their cases",
    "exception-ends": "warning: renew the exception, or let it go",
    "land-use-unknown": "use a word of `land_use.csv`",
    "rule-dead": "warning: stronger rules decide wherever it holds: take it out, or let it ask for more",
    "rule-not-valid": "warning: it holds on no day from now, or not yet; take it out once its time is over",
    "rule-to-grassroots": "warning: let a department lead, or name the categories in `grassroots` of `pack.yaml`",
    "unit-ended": "warning: name the unit's successor in `units.csv`, or another unit in the rule",
    "unit-unreachable": "warning: give the unit a client in `clients.csv`, or a telephone",
    "exception-endless": "an exception is for the time being: fill `valid_to`",
    "lead-assists-itself": "take the lead unit out of the assisting ones",
    "plan-unknown": "use the id of a plan of `plans.yaml`",
    "rule-tie": "two rules are as particular for the same cases: let one ask for more, or take it out",
    "set-unknown": "use `#` and the id of a set of `sets.csv`",
    "successor-early": "a unit that goes on has no successor: fill `valid_to`, or take the successor out",
    "tag-unknown": "use a tag of `tags.csv`",
    "time-invalid": "write the hour as 08:30",
    "tree-ambiguous": "let each class and area stand below one other only",
    "validity-empty": "let the last day come after the first",
    "window-unknown": "use the id of a named time of `windows.csv`",
}

RULEBOOK_DOORS: Mapping[str, str] = {
    "rulebook-empty": "send one rule at least",
    "rulebook-invalid": "mend the rules it names; `POST /v1/rulebooks/{rulebook_id}:check` lists them with remedies",
    "rulebook-known": "nothing if it is the same draft; else give it another name",
    "rulebook-not-draft": "only drafts are approved: hand the rows in anew under another name",
    "rulebook-retired": "nothing: it is out of use already",
    "since-invalid": "name a time within the last year: 30d, 12h or a day such as 2026-11-01",
}
"""Codes of rulebooks as documents, at either door."""
