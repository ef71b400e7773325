"""The elements of addresses: by rule out of the box, and learned from labelled ones of a made-up city."""

import io
import random
import zipfile
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from domain.errors import Invalid
from geo.address.elements import Label, Span, spans_of, tags_of
from geo.address.learned import LearnedParser
from geo.address.lexicon import Lexicon, bare
from geo.address.numerals import numbers_after, value_of
from geo.address.rules import RuleParser
from geo.address.shape import narrow, runs_of
from runtime.addresses.explain import train_file
from runtime.addresses.model import parser, read_labelled, train
from runtime.addresses.training import Labelled

NAMES = [
    ("C", "云湖市", "9901"),
    ("D", "临湖区", "990102"),
    ("T", "望湖街道", "990102001"),
    ("V", "柳岸社区居委会", "990102001003"),
]
DIVISIONS = Lexicon.build(NAMES)


def said(spans: tuple[Span, ...]) -> str:
    """Spans as one line."""
    return " ".join(f"{span.text}/{span.label}" for span in spans)


@pytest.mark.parametrize(
    ("text", "elements"),
    [
        ("云湖市临湖区望湖街道湖滨路12号", "云湖市/city 临湖区/district 望湖街道/town 湖滨路/road 12号/roadno"),
        ("云湖临湖望湖街道", "云湖/city 临湖/district 望湖街道/town"),
        ("临湖区湖滨路12号云湖市", "临湖区/district 湖滨路/road 12号/roadno 云湖市/poi"),
        ("临湖区临湖区湖滨路", "临湖区/district 临湖区/redundant 湖滨路/road"),
        ("柳岸花园3栋2单元602室", "柳岸花园/poi 3栋/houseno 2单元/cellno 602室/roomno"),
        ("柳岸花园3-2-602", "柳岸花园/poi 3/houseno -/redundant 2/cellno -/redundant 602/roomno"),
        ("湖滨路与渡口路交叉口", "湖滨路/road 与/assist 渡口路/subroad 交叉口/assist"),
        ("湖滨路12号对面某某", "湖滨路/road 12号/roadno 对面/assist 某某/person"),
        ("望湖大厦七楼", "望湖大厦/poi 七楼/floorno"),
        ("", ""),
    ],
)
def test_rules_read_what_is_usual(text: str, elements: str) -> None:
    assert said(RuleParser(DIVISIONS).parse_many([text])[0]) == elements


@given(st.text(alphabet="云湖市临区望街道路12号栋一七-某与口 Aa０（）", max_size=30))
@settings(max_examples=300, deadline=None)
def test_rules_cover_every_text_without_a_gap(text: str) -> None:
    (spans,) = RuleParser(DIVISIONS).parse_many([text])

    assert "".join(span.text for span in spans) == text
    assert all(span.text == text[span.start : span.end] != "" for span in spans)


@given(st.lists(st.tuples(st.sampled_from(Label), st.integers(1, 5)), max_size=8))
def test_tags_and_spans_say_the_same(parts: list[tuple[Label, int]]) -> None:
    text = "湖" * sum(length for _, length in parts)
    spans, at = [], 0
    for label, length in parts:
        spans.append(Span(at, at + length, label, text[at : at + length]))
        at += length

    assert spans_of(text, tags_of(spans)) == tuple(spans)


@pytest.mark.parametrize(
    ("text", "value"),
    [("十", 10), ("十二", 12), ("二十", 20), ("一百零五", 105), ("二五", 25), ("12", 12), ("两百", 200)],
)
def test_numerals_have_their_value(text: str, value: int) -> None:
    assert value_of(text) == value


@pytest.mark.parametrize(
    ("text", "road", "key"),
    [
        ("12号", True, "n12"),
        ("12号3栋2单元602室", True, "n12|b3|u2|r602"),
        ("十二号楼", False, "b12"),
        ("3-2-602", False, "b3|u2|r602"),
        ("12-3号", True, "n12|n3"),
        ("12甲", True, "n12"),
        ("12A号", True, "n12A"),
        ("第三栋", False, "b3"),
        ("一中", True, ""),
    ],
)
def test_numbers_behind_a_name_are_told_by_what_they_count(text: str, road: bool, key: str) -> None:
    assert numbers_after(text, 0, road=road).key == key


def test_texts_keep_their_length_when_made_narrow() -> None:
    assert narrow("湖滨路１２号－Ａ座　") == "湖滨路12号-A座 "
    assert [(run.start, run.end, run.place, run.size) for run in runs_of("47-6-746室")] == [
        (0, 2, 0, 3),
        (3, 4, 1, 3),
        (5, 8, 2, 3),
    ]


def test_names_are_known_with_and_without_their_kind() -> None:
    assert bare("临湖区") == "临湖"
    assert bare("柳岸社区居委会") == "柳岸"
    assert [(start, end, kinds) for start, end, kinds in DIVISIONS.matches("临湖区柳岸") if end - start > 1] == [
        (0, 3, "D"),
        (3, 5, "v"),
    ]


@cache
def made_up(count: int) -> list[Labelled]:
    """Labelled addresses of a city that does not exist."""
    dice = random.Random(3)
    found: list[Labelled] = []
    for _ in range(count):
        parts = [("云湖市", Label.CITY)] * dice.randint(0, 1)
        parts += [(dice.choice(["临湖区", "山前区"]), Label.DISTRICT)] * dice.randint(0, 1)
        if dice.random() < 0.5:
            parts += [(f"{dice.choice('湖滨松岭学府渡口云栖')}{dice.choice('东西南北')}路", Label.ROAD)]
            parts += [(f"{dice.randint(1, 300)}号", Label.ROADNO)]
        else:
            parts += [(f"{dice.choice('柳岸荷塘清溪东堤')}{dice.choice('东西南北')}花园", Label.POI)]
            parts += [(f"{dice.randint(1, 30)}栋", Label.HOUSENO), (f"{dice.randint(101, 999)}室", Label.ROOMNO)]
        spans, at = [], 0
        for text, label in parts:
            spans.append(Span(at, at + len(text), label, text))
            at += len(text)
        found.append(("".join(text for text, _ in parts), spans))
    return found


@cache
def model() -> bytes:
    """A model of eighty of them."""
    return train(made_up(100)[:80], DIVISIONS)


def test_a_city_trains_its_own_parser() -> None:
    held = made_up(100)[80:]
    found = parser(model()).parse_many([text for text, _ in held])

    right = sum(tuple(spans) == told for (_, spans), told in zip(held, found, strict=True))
    assert right >= 18


def test_a_model_is_its_bytes_and_nothing_else() -> None:
    parsers = [parser(bytes(model())) for _ in range(3)]
    assert len({said(one.parse_many(["湖东路12号"])[0]) for one in parsers}) == 1
    assert isinstance(parsers[0], LearnedParser)
    assert parsers[0].parse_many([""]) == [()]


@given(st.text(max_size=20))
@settings(max_examples=50, deadline=None)
def test_the_learned_parser_covers_every_text_too(text: str) -> None:
    (spans,) = _learned().parse_many([text])

    assert "".join(span.text for span in spans) == text


@cache
def _learned() -> LearnedParser:
    return parser(model())


def _with(name: str, content: bytes) -> bytes:
    """The model with one of its parts replaced."""
    changed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(model())) as sound, zipfile.ZipFile(changed, "w") as archive:
        for part in sound.namelist():
            archive.writestr(part, content if part == name else sound.read(part))
    return changed.getvalue()


@pytest.mark.parametrize("part", ["draft.npz", "net.npz", "field.crf", "names.json"])
@pytest.mark.parametrize("content", [b"", b"no model"])
def test_a_model_with_a_broken_part_is_refused(part: str, content: bytes) -> None:
    with pytest.raises(Invalid) as refused:
        parser(_with(part, content))

    assert refused.value.code == "address-model-invalid"


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x05\x06" + bytes(18)])
def test_what_is_no_model_is_refused(content: bytes) -> None:
    with pytest.raises(Invalid) as refused:
        parser(content)

    assert refused.value.code == "address-model-invalid"


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[]",
        '{"text": "湖滨路12号", "spans": [[0, 3, "road"]]}',
        '{"text": "湖滨路12号", "spans": [[0, 2, "road"], [3, 6, "roadno"]]}',
        '{"text": "湖滨路", "spans": [[0, 3, "river"]]}',
    ],
)
def test_labels_nobody_can_use_are_told_with_their_line(line: str) -> None:
    sound = '{"text": "湖滨路", "spans": [[0, 3, "road"]]}'
    with pytest.raises(Invalid) as refused:
        read_labelled([sound, line])

    assert refused.value.code == "address-labels-invalid"
    assert "line 2" in refused.value.detail


def test_the_command_makes_the_same_model_of_the_same_files(tmp_path: Path) -> None:
    labelled, names, into = tmp_path / "labelled.jsonl", tmp_path / "names.csv", tmp_path / "model.bin"
    names.write_text("\n".join(",".join(row) for row in NAMES), encoding="utf-8")
    labelled.write_text(
        "\n".join(
            f'{{"text": "{text}", "spans": {[[s.start, s.end, str(s.label)] for s in spans]!r}}}'.replace("'", '"')
            for text, spans in made_up(100)[:80]
        ),
        encoding="utf-8",
    )
    train_file(labelled, into, names, Console(quiet=True))

    assert into.read_bytes() == model()
    assert (
        said(parser(into.read_bytes()).parse_many(["柳南花园3栋302室"])[0]) == "柳南花园/poi 3栋/houseno 302室/roomno"
    )
