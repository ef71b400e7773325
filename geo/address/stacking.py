"""A draft of an address's labels as features, for a model that is to know what the rest of it was taken for. Pure."""

from collections.abc import Sequence

from geo.address.elements import Span, spans_of
from geo.address.features import Columns


def with_draft(text: str, columns: Columns, tags: Sequence[str]) -> Columns:
    """Features of each character together with what the draft takes it and its neighbours for."""
    spans = spans_of(text, tags)
    owner = [n for n, span in enumerate(spans) for _ in range(span.start, span.end)]
    around = ["^", "^", *tags, "$", "$"]
    labels = ["^", "^", *(span.label.value for span in spans), "$", "$"]
    of_span = [_span_features(spans, labels, n) for n in range(len(spans))]
    seen = []
    for i, column in enumerate(columns):
        n, at = owner[i], i + 2
        here, before, after = around[at], around[at - 1], around[at + 1]
        own = [f"p{offset}={around[at + offset]}" for offset in (-2, -1, 0, 1, 2)]
        own += [f"pa={before}{here}", f"pb={here}{after}", f"pc={before}{here}{after}", f"ch={text[i]}{here}"]
        seen.append([*column, *own, *of_span[n]])
    return seen


def _span_features(spans: Sequence[Span], labels: Sequence[str], n: int) -> list[str]:
    span, at = spans[n], n + 2
    label, length = labels[at], span.end - span.start
    alike = [m for m, other in enumerate(spans) if other.label is span.label]
    return [
        f"ls={labels[at - 1]}>{label}>{labels[at + 1]}",
        f"l2={labels[at - 2]}>{labels[at - 1]}>{label}",
        f"l3={label}>{labels[at + 1]}>{labels[at + 2]}",
        f"w={span.text if length < 7 else ''}{label}",
        f"len={label}{min(length, 6)}",
        f"e={span.text[-1]}{label}",
        f"ord={label}{min(alike.index(n), 2)}/{min(len(alike), 3)}",
        *sorted({f"sb={other.label}|{label}" for other in spans[:n]}),
        *sorted({f"sa={other.label}|{label}" for other in spans[n + 1 :]}),
    ]
