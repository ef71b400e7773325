"""Codes, rules and model together: who is believed, when a person must look, and that time is kept."""

from collections.abc import Iterator
from itertools import chain, repeat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classify.classifier import Classification, Classifier
from classify.masking import masked
from classify.opinion import Adviser, Manner
from classify.rules import KeywordRule
from classify.training import fit
from domain.catalogue import Catalogue
from runtime.citypack import load
from runtime.settings import ROOT
from runtime.wiring import STANDARDS
from tests.build import a_category, a_condition, a_report
from tests.letters import NOISE, ROADS, RUBBISH, letters

POTHOLE = a_category(ROADS, name=ROADS, class_code="01", class_name="市容环境")
HEAP = a_category(RUBBISH, name=RUBBISH, class_code="01", class_name="市容环境")
NOISY = a_category(NOISE, name=NOISE, class_code="02", class_name="噪声")
LAMP = a_category("路灯", name="路灯")
CATALOGUE = Catalogue.of("gbt", [POTHOLE, HEAP, NOISY, LAMP], [a_condition(HEAP, id="heap")])
MODEL = fit(letters(), "5d41402a", "2026-07-01")
HEAP_TEXT, HOLE_TEXT, STRANGE = "新村垃圾成堆，臭味，没人清", "中山路路面坑洼，颠簸，大坑", "您好"


def ticking(*seconds: float) -> Iterator[float]:
    """A clock that says these times, and the last of them for ever."""
    return chain(seconds, repeat(seconds[-1]))


def classifier(*rules: KeywordRule, manner: Manner | None = None, clock: Iterator[float] | None = None) -> Classifier:
    times = clock or ticking(0.0)
    adviser = Adviser(MODEL, CATALOGUE, manner or Manner(precision=0.8, thresholds=LOW), lambda: next(times))
    return Classifier(CATALOGUE, rules, adviser=adviser)


LOW = {POTHOLE.key: 0.5, HEAP.key: 0.5, NOISY.key: 0.5}


def judged(text: str, *rules: KeywordRule, **manner: object) -> Classification:
    own = Manner(**{"precision": 0.8, "thresholds": LOW, **manner})  # type: ignore[arg-type]
    return classifier(*rules, manner=own).classify_many([a_report(text=text)])[0]


def test_a_sure_model_names_category_condition_and_reason() -> None:
    found = judged(HEAP_TEXT)
    assert found.category == HEAP
    assert found.condition is not None
    assert found.judgement.by == f"model {MODEL.header.id}"
    assert found.judgement.confidence == found.top[0].probability > 0.5
    assert "垃圾" in found.judgement.reason
    assert found.model == MODEL.header.id


def test_three_guesses_fall_and_classes_sum_their_categories() -> None:
    found = judged(HEAP_TEXT)
    chances = {guess.key: guess.probability for guess in found.top}
    assert list(chances.values()) == sorted(chances.values(), reverse=True)
    assert set(chances) == {POTHOLE.key, HEAP.key, NOISY.key}
    whole = {guess.key: guess.probability for guess in found.classes}
    assert whole["01"] == pytest.approx(chances[POTHOLE.key] + chances[HEAP.key])
    assert whole["02"] == pytest.approx(chances[NOISY.key])


def test_below_its_threshold_a_person_decides_and_sees_the_guesses() -> None:
    found = judged(HEAP_TEXT, thresholds={HEAP.key: 1.0})
    assert (found.category, found.condition, found.judgement.confidence) == (None, None, 0.0)
    assert found.judgement.alternatives[0] == HEAP.key
    assert found.judgement.reason.startswith("below the threshold")


def test_a_precision_nobody_measured_takes_nothing_without_a_person() -> None:
    assert judged(HEAP_TEXT, precision=0.999, thresholds={}).category is None


def test_a_label_that_is_in_no_catalogue_is_shown_and_never_taken() -> None:
    own = Catalogue.of("gbt", [POTHOLE], [])
    adviser = Adviser(MODEL, own, Manner(precision=0.8), lambda: 0.0)
    (found,) = Classifier(own, (), adviser=adviser).classify_many([a_report(text=HEAP_TEXT)])
    assert found.category is None
    assert (found.top[0].name, found.top[0].category) == (RUBBISH, None)


def test_rule_and_model_that_agree_are_as_sure_as_the_surer() -> None:
    found = judged(HEAP_TEXT, KeywordRule(HEAP.key, ("成堆",), 0.3))
    assert found.category == HEAP
    assert found.judgement.confidence == found.top[0].probability
    assert found.judgement.reason.startswith("heard 成堆; ")


def test_a_sure_model_that_disagrees_halves_the_rule() -> None:
    found = judged(HEAP_TEXT, KeywordRule(NOISY.key, ("新村",), 0.8))
    assert (found.category, found.judgement.confidence) == (NOISY, 0.4)
    assert found.judgement.alternatives[0] == HEAP.key


def test_of_what_the_model_never_learned_it_has_no_say() -> None:
    found = judged(HEAP_TEXT, KeywordRule(LAMP.key, ("新村",), 0.8))
    assert (found.category, found.judgement.confidence) == (LAMP, 0.8)


def test_a_code_goes_before_the_model() -> None:
    (found,) = classifier().classify_many([a_report(text=HEAP_TEXT, category=ROADS)])
    assert (found.category, found.judgement.by) == (POTHOLE, "code")


# --- Time


def test_what_the_time_was_not_enough_for_is_judged_by_the_rules_and_says_so() -> None:
    # a look before the batch, one before each eight texts; then the time is over
    clock = ticking(0.0, 0.0, 0.2, 0.6)
    rules = (KeywordRule(HEAP.key, ("垃圾",), 0.8),)
    found = classifier(*rules, manner=Manner(0.8, LOW, seconds=0.5), clock=clock).classify_many(
        [a_report(text=HEAP_TEXT if at % 2 else STRANGE) for at in range(40)]
    )
    assert [one.model != "" for one in found] == [True] * 16 + [False] * 24
    assert found[17].category == HEAP
    assert found[17].judgement.by == "keywords"
    assert all("no time for the model" in one.judgement.reason for one in found[16:])
    assert all(one.category is None for one in found[16::2])


def test_without_time_nothing_is_blocked() -> None:
    (found,) = classifier(manner=Manner(seconds=0.0)).classify_many([a_report(text=HEAP_TEXT)])
    assert found.category is None
    assert "no time for the model" in found.judgement.reason


def test_a_long_text_is_read_as_far_as_the_manner_says() -> None:
    long = HEAP_TEXT + "噪音扰民，半夜睡不着，广场舞太大" * 50
    assert judged(long, characters=len(HEAP_TEXT)).top == judged(HEAP_TEXT).top
    assert judged(long).top[0].key == NOISY.key


@given(st.lists(st.text(max_size=60), max_size=12))
def test_any_batch_is_answered_in_order(texts: list[str]) -> None:
    found = classifier().classify_many([a_report(text=text) for text in texts])
    assert len(found) == len(texts)
    for text, one in zip(texts, found, strict=True):
        assert (one.model == "") is (not text.strip())
        assert 0 <= one.judgement.confidence <= 1


# --- Old codes


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("0401", "无照经营游商"),
        ("gbt30428.2-2013:event:0401", "无照经营游商"),
        ("cjt214-2007:event:0501", "无照经营游商"),
        ("cjt214-2007:event:0110", "道路破损"),
        ("0110", "暴露垃圾"),
        ("cjt214-2007:component:0118", "路灯异常"),
        ("06010", "暴露垃圾"),
    ],
)
def test_codes_of_three_editions_lead_to_todays_category_and_the_old_one_is_kept(code: str, name: str) -> None:
    pack = load(ROOT / "deploy" / "citypacks" / "demo", STANDARDS)
    (found,) = Classifier(pack.catalogue, ()).classify_many([a_report(category=code)])
    assert found.category is not None
    assert found.category.name == name
    assert (f"old code {code} is {found.category.code} now" in found.judgement.reason) is (code != "06010")


@pytest.mark.parametrize("code", ["cjt214-2007:event:0401", "cjt214-2007:event:9999", "cjt214-2005:event:0501"])
def test_a_code_without_successor_goes_on_to_the_words(code: str) -> None:
    pack = load(ROOT / "deploy" / "citypacks" / "demo", STANDARDS)
    (found,) = Classifier(pack.catalogue, pack.keywords).classify_many([a_report(category=code, text="路面塌陷")])
    assert found.judgement.by != "code" or found.category is None


# --- Masking


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("请回电13812345678", "请回电[电话]"),
        ("电话 138-1234-5678，谢谢", "电话 [电话]，谢谢"),
        ("座机0755-28391234转801", "座机[电话]转801"),
        ("身份证440307199001011234", "身份证[证件号]"),
        ("身份证44030719900101123X。", "身份证[证件号]。"),
        ("卡号6222 0200 1234 5678 901", "卡号[长号码]"),
        ("邮箱zhang.san@example.com", "邮箱[邮箱]"),
        ("粤B12345挡住了消防通道", "[车牌]挡住了消防通道"),
        ("微信号：abc_12345", "微信号：[号码]"),
        ("我叫王小明，住在和平里", "我叫[姓名]，住在和平里"),
        ("人民路128号3栋201", "人民路128号3栋201"),
    ],
)
def test_personal_data_is_masked_and_the_rest_stays(text: str, clean: str) -> None:
    assert masked(text) == clean


@given(st.text(max_size=30), st.from_regex(r"1[3-9]\d{9}", fullmatch=True), st.text(max_size=30))
def test_no_mobile_number_survives(before: str, number: str, after: str) -> None:
    assert number not in masked(f"{before} {number} {after}")
