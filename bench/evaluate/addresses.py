"""How well addresses are read: elements of labelled ones, and the street of real points by their address alone."""

from collections.abc import Callable, Sequence

from bench.evaluate import address_streets
from bench.evaluate.address_data import FOLDS, divisions, exact, f1, folds, labelled
from geo.address.elements import Label, Span, spans_of
from geo.address.features import features
from geo.address.lexicon import Lexicon
from geo.address.rules import RuleParser
from geo.address.tags import best_tags
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
    drafts: Found = {}
    for held in parts:
        voted, alone = _learned(addresses, held, lexicon)
        learned |= dict(zip(held, voted([addresses[n][0] for n in held]), strict=True))
        drafts |= dict(zip(held, alone([addresses[n][0] for n in held]), strict=True))
    rules = {name: _all(RuleParser(known).parse_many, addresses) for name, known in _lexicons(lexicon).items()}
    by_fold = [_score(addresses, {n: learned[n] for n in held}) for held in parts]
    unseen = _score(addresses, {n: learned[n] for held in parts[1:] for n in held})
    rows = [(f"rules, {name}", found) for name, found in rules.items()]
    rows += [("the draft of the learned parser", drafts), ("learned parser", learned)]
    lines = [
        "### Elements",
        "",
        f"{len(addresses):,} labelled addresses, all labels, exact bounds and label, micro-averaged; {FOLDS} folds, "
        "addresses that differ in numbers only in one fold. The published model reached "
        f"{PUBLISHED_F1} on its own test split, which nobody here has seen; the splits differ, so read the two "
        "figures beside each other with that in mind. "
        "The learned parser is a draft by a neural network, and a conditional random field and a second network that "
        "see the draft and vote; it knows the names and codes of the divisions. "
        "Its make-up was chosen on the first fold; the other four were not looked at for that.",
        "",
        "| parser | precision | recall | F1 |",
        "| --- | ---: | ---: | ---: |",
        *(_row(name, addresses, found) for name, found in rows),
        "",
        f"F1 of the learned parser by fold: {', '.join(f'{score:.4f}' for score in by_fold)}; "
        f"of the four that were not looked at, together: {unseen:.4f}.",
        "",
        "| label | there | rules | learned |",
        "| --- | ---: | ---: | ---: |",
        *_by_label(addresses, rules["with divisions"], learned),
    ]
    return "\n".join(lines)


def _learned(addresses: Sequence[Labelled], held: Sequence[int], lexicon: Lexicon) -> tuple[Parse, Parse]:
    """The parser trained on all but the held addresses, and the network that makes its draft alone."""
    apart = set(held)
    known = [address for n, address in enumerate(addresses) if n not in apart]
    parser = fit(known, lexicon)

    def alone(texts: Sequence[str]) -> list[tuple[Span, ...]]:
        return [
            spans_of(text, best_tags(parser.draft.votes(features(text, lexicon, parser.familiar)))) for text in texts
        ]

    return parser.parse_many, alone


def _lexicons(lexicon: Lexicon) -> dict[str, Lexicon]:
    return {"no names known": Lexicon.build([]), "with divisions": lexicon}


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
