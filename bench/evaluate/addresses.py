"""How well addresses are read: elements of labelled ones, and the street of real points by their address alone."""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.evaluate import address_streets
from bench.evaluate.address_data import FOLDS, divisions, exact, f1, folds, labelled
from geo.address.crf import CrfParser
from geo.address.elements import Label, Span, spans_of
from geo.address.familiar import Familiar
from geo.address.features import features
from geo.address.lexicon import Lexicon
from geo.address.rules import RuleParser
from runtime.addresses.training import Labelled, fit

NAME = "addresses"

PUBLISHED_F1 = 0.899  # APLT on its own test split (Li, Lu, Xie, Li, NAACL 2019), which is kept apart from this project

Parse = Callable[[Sequence[str]], Sequence[Sequence[Span]]]
Found = dict[int, Sequence[Span]]


def run() -> str:
    """Both sections."""
    return "\n\n".join([elements(), address_streets.section()])


def elements() -> str:
    """The elements of labelled addresses: rules beside the learned parser, by cross-validation."""
    addresses, lexicon = labelled(), divisions()
    parts = folds(addresses)
    learned: Found = {}
    plain: Found = {}
    for held in parts:
        voted, alone = _learned(addresses, held, lexicon)
        learned |= dict(zip(held, voted([addresses[n][0] for n in held]), strict=True))
        plain |= dict(zip(held, alone([addresses[n][0] for n in held]), strict=True))
    rules = {name: _all(RuleParser(known).parse_many, addresses) for name, known in _lexicons(lexicon).items()}
    by_fold = [_score(addresses, {n: learned[n] for n in held}) for held in parts]
    rows = [(f"rules, {name}", found) for name, found in rules.items()]
    rows += [("one field on the same features", plain), ("learned parser, three fields", learned)]
    lines = [
        "### Elements",
        "",
        f"{len(addresses):,} labelled addresses, all labels, exact bounds and label, micro-averaged; {FOLDS} folds, "
        "addresses that differ in numbers only in one fold. The published model reached "
        f"{PUBLISHED_F1} on its own test split, which nobody here has seen; the splits differ, so read the two "
        "figures beside each other with that in mind. "
        "The make-up of the learned parser was chosen on the first fold; the other four were not looked at for that.",
        "",
        "| parser | precision | recall | F1 |",
        "| --- | ---: | ---: | ---: |",
        *(_row(name, addresses, found) for name, found in rows),
        "",
        f"F1 of the learned parser by fold: {', '.join(f'{score:.4f}' for score in by_fold)}.",
        "",
        "| label | there | rules | learned |",
        "| --- | ---: | ---: | ---: |",
        *_by_label(addresses, rules["with divisions"], learned),
    ]
    return "\n".join(lines)


def _learned(addresses: Sequence[Labelled], held: Sequence[int], lexicon: Lexicon) -> tuple[Parse, Parse]:
    """The parser trained on all but the held addresses, and the plain field of it alone."""
    apart = set(held)
    known = [address for n, address in enumerate(addresses) if n not in apart]
    familiar = Familiar.of(spans for _, spans in known)
    with tempfile.TemporaryDirectory() as folder:
        parser = CrfParser.of(fit(known, lexicon, familiar, Path(folder)), lexicon, familiar)

    def alone(texts: Sequence[str]) -> list[tuple[Span, ...]]:
        return [spans_of(text, parser.plain.tags(features(text, lexicon, familiar))) for text in texts]

    return parser.parse_many, alone


def _lexicons(lexicon: Lexicon) -> dict[str, Lexicon]:
    return {"no names known": Lexicon({}), "with divisions": lexicon}


def _all(parse: Parse, addresses: Sequence[Labelled]) -> Found:
    return dict(enumerate(parse([text for text, _ in addresses])))


def _score(addresses: Sequence[Labelled], found: Found) -> float:
    return f1(*exact([addresses[n][1] for n in found], list(found.values())))


def _row(name: str, addresses: Sequence[Labelled], found: Found) -> str:
    right, there, told = exact([addresses[n][1] for n in found], list(found.values()))
    return f"| {name} | {right / told:.4f} | {right / there:.4f} | {f1(right, there, told):.4f} |"


def _by_label(addresses: Sequence[Labelled], rules: Found, learned: Found) -> list[str]:
    lines = []
    for label in Label:
        counts = [_of_label(addresses, found, label) for found in (rules, learned)]
        if counts[0][1]:
            lines.append(f"| {label} | {counts[0][1]:,} | {f1(*counts[0]):.3f} | {f1(*counts[1]):.3f} |")
    return lines


def _of_label(addresses: Sequence[Labelled], found: Found, label: Label) -> tuple[int, int, int]:
    gold = [[span for span in addresses[n][1] if span.label is label] for n in found]
    told = [[span for span in spans if span.label is label] for spans in found.values()]
    return exact(gold, told)
