"""Divisions named in an address, and which of them lie in which."""

import pytest

from geo.address.familiar import Familiar
from geo.address.features import features
from geo.address.hierarchy import inner, mentions, relation
from geo.address.lexicon import Lexicon

KNOWN = Lexicon.build(
    [
        ("P", "云梦省", "99"),
        ("C", "云湖市", "9901"),
        ("D", "临湖区", "990102"),
        ("D", "望山县", "990203"),
        ("T", "望湖街道", "990102001"),
        ("T", "望湖镇", "990203005"),
        ("V", "柳岸社区居委会", "990102001003"),
        ("V", "柳岸村委会", "990203005007"),
        ("T", "渡口镇"),
    ]
)


def named(text: str) -> list[tuple[str, str]]:
    """The divisions a text names, and their levels."""
    return [(text[one.start : one.end], one.levels) for one in mentions(text, KNOWN)]


def lying(text: str) -> list[tuple[str, str]]:
    """The names in a text that lie in a division named before, and how."""
    return [(text[start:end], levels) for start, end, levels in inner(text, KNOWN, mentions(text, KNOWN))]


def test_divisions_above_villages_are_found_with_and_without_their_kind() -> None:
    assert named("云湖市临湖望湖柳岸12号") == [("云湖市", "C"), ("临湖", "D"), ("望湖", "T")]
    assert named("渡口镇12号") == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("云湖市临湖区望湖柳岸新苑", [("临湖区", "D<C"), ("望湖", "T<Db"), ("柳岸", "V<Tb")]),
        ("云湖市柳岸社区", [("柳岸社区", "V<C")]),
        ("云湖市望山县望湖", [("望湖", "T<Db")]),
        ("望湖大厦", []),
        ("望湖临湖区", []),
        ("临湖区临湖区", []),
    ],
)
def test_a_name_lies_in_the_nearest_division_named_before(text: str, found: list[tuple[str, str]]) -> None:
    assert lying(text) == found


@pytest.mark.parametrize(
    ("text", "how"),
    [
        ("临湖区云湖市", "in"),
        ("云湖临湖", "over"),
        ("云湖云湖市", "same"),
        ("云湖市望山县", "off"),
        ("望湖临湖区", "in"),
    ],
)
def test_two_divisions_lie_to_each_other(text: str, how: str) -> None:
    one, other = mentions(text, KNOWN)

    assert relation(one, other) == how


@pytest.mark.parametrize("code", ["990102", "990102000000", "99010200"])
def test_codes_may_be_filled_up_with_zeros(code: str) -> None:
    assert Lexicon.build([("D", "临湖区", code)]).codes["临湖"] == " 990102 "


@pytest.mark.parametrize(
    "row",
    [
        ("D", "临湖区"),
        ("D", "临湖区", ""),
        ("D", "临湖区", "9901"),
        ("D", "临湖区", "九九零一零二"),
        ("X", "临湖区", "990102"),
    ],
)
def test_a_division_without_a_code_is_a_name_all_the_same(row: tuple[str, ...]) -> None:
    lexicon = Lexicon.build([row])

    assert "临湖区" in lexicon.kinds
    assert lexicon.codes == {}


def test_a_character_tells_that_its_division_is_named_again() -> None:
    columns = features("云湖市云湖临湖区", KNOWN, Familiar({}))

    assert {"hp=BC^", "hq=BCsameC", "hs=BCA"} <= set(columns[0])
    assert {"hp=ECsameC", "hq=ECoverD", "hs=ECB"} <= set(columns[4])
    assert {"hp=BDinC", "hq=BD$", "WBD<C"} <= set(columns[5])
