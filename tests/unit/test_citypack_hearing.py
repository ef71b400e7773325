"""``cues.csv``, ``thresholds.csv`` and what ``pack.yaml`` says of the model: a slip has its line."""

import shutil
from pathlib import Path

import pytest

from classify.cues import Cue, CueRule
from domain.errors import Invalid
from runtime.citypack import Pack, load

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the demo pack, to be written into."""
    return Path(shutil.copytree(DEPLOY / "citypacks" / "demo", tmp_path / "demo"))


def read(folder: Path) -> Pack:
    return load(folder, DEPLOY / "standards")


def faults(folder: Path) -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as caught:
        read(folder)
    return [(fault.pointer, fault.code) for fault in caught.value.faults]


def test_a_citys_cues_come_on_top_of_the_common_ones_in_either_language(folder: Path) -> None:
    common = len(read(folder).cues) - 1
    (folder / "cues.csv").write_text(
        "含义,关键词,排除词\n险情,闸门+失灵|溃坝,模型\ninquiry,咨询台,\n", encoding="utf-8"
    )
    cues = read(folder).cues
    assert len(cues) == common + 2
    assert cues[-2:] == (
        CueRule(Cue.EMERGENCY, ("闸门+失灵", "溃坝"), ("模型",)),
        CueRule(Cue.INQUIRY, ("咨询台",)),
    )


def test_cues_nobody_knows_and_phrases_without_an_end_are_named(folder: Path) -> None:
    lines = ["cue,words,unless", "alarm,大火,", "emergency,闸门+,", "emergency,+,", "danger,a||b,", "danger,,"]
    (folder / "cues.csv").write_text("\n".join(lines), encoding="utf-8")
    found = faults(folder)
    assert ("cues.csv:2", "word-unknown") in found
    assert {at for at, _ in found} == {f"cues.csv:{line}" for line in range(2, 7)}


def test_thresholds_are_kept_by_category(folder: Path) -> None:
    (folder / "thresholds.csv").write_text("类别代码,阈值\n06010,0.7\n0113,0.9\n", encoding="utf-8")
    assert read(folder).manner.thresholds == {
        "gbt47678.5-2026:event:06010": 0.7,
        "gbt47678.5-2026:event:06013": 0.9,
    }


@pytest.mark.parametrize(
    ("line", "code"),
    [("06010,0", "weight-invalid"), ("06010,1.1", "weight-invalid"), ("06010,x", "number-invalid"),
     ("99999,0.5", "category-unknown")],
)  # fmt: skip
def test_a_threshold_that_can_be_none_is_named(folder: Path, line: str, code: str) -> None:
    (folder / "thresholds.csv").write_text(f"category,threshold\n06011,0.5\n{line}\n", encoding="utf-8")
    assert ("thresholds.csv:3", code) in faults(folder)


def test_the_pack_says_how_its_model_judges(folder: Path) -> None:
    pack = folder / "pack.yaml"
    more = "classify: {precision: 0.9, milliseconds: 50, characters: 300}\n"
    pack.write_text(pack.read_text(encoding="utf-8") + more, encoding="utf-8")
    manner = read(folder).manner
    assert (manner.precision, manner.seconds, manner.characters) == (0.9, 0.05, 300)


def test_a_city_whose_sources_speak_the_codes_of_2007_says_so(folder: Path) -> None:
    assert read(folder).catalogue.find("0401").name == "无照经营游商"
    pack = folder / "pack.yaml"
    text = pack.read_text(encoding="utf-8")
    pack.write_text(f"{text}old_codes: cjt214-2007\n", encoding="utf-8")
    catalogue = read(folder).catalogue
    assert catalogue.find("0501").name == "无照经营游商"
    assert catalogue.find("gbt30428.2-2013:event:0401").name == "无照经营游商"
    with pytest.raises(Invalid, match="category-unknown"):
        catalogue.find("0401")
    pack.write_text(f"{text}old_codes: gbt-1984\n", encoding="utf-8")
    assert [code for _, code in faults(folder)] == ["standard-unknown"]
