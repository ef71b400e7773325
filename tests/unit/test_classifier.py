"""What a report speaks of: a code given, words heard, or nobody knows; always with a reason a clerk can check."""

from hypothesis import given
from hypothesis import strategies as st

from classify.classifier import Classification, Classifier
from classify.rules import KeywordRule, Keywords
from domain.catalogue import Catalogue, Category, Kind
from tests.build import a_category, a_condition, a_report

POTHOLE = a_category("01001", name="道路破损")
COVER = a_category("01002", name="井盖异常")
RAIN_COVER = a_category("01003", name="雨水井盖异常")
RUBBISH = a_category("02001", name="暴露垃圾", class_name="市容环境")
LAMP = a_category("01009", name="路灯", kind=Kind.COMPONENT)
POTHOLE_SMALL = a_condition(POTHOLE, id="small")
POTHOLE_DEEP = a_condition(POTHOLE, id="deep")
RUBBISH_HEAP = a_condition(RUBBISH, id="heap")
CATALOGUE = Catalogue.of(
    "gbt",
    [POTHOLE, COVER, RAIN_COVER, RUBBISH, LAMP],
    [POTHOLE_SMALL, POTHOLE_DEEP, RUBBISH_HEAP],
    {"event:0110": POTHOLE.key},
)
RULES = (
    KeywordRule(POTHOLE.key, ("大坑", "坑洼"), 0.8),
    KeywordRule(POTHOLE.key, ("深坑",), 0.9, condition="deep"),
    KeywordRule(COVER.key, ("井盖",), 0.8),
    KeywordRule(RAIN_COVER.key, ("雨水井盖",), 0.8),
    KeywordRule(RUBBISH.key, ("垃圾",), 0.8, unless=("垃圾桶",)),
)


def classified(text: str = "", **given: object) -> Classification:
    return Classifier(CATALOGUE, RULES).classify_many([a_report(text=text, **given)])[0]


# --- A code given by the source


def test_a_code_is_believed() -> None:
    found = classified("路上有垃圾", category="01001")
    assert (found.category, found.condition) == (POTHOLE, POTHOLE_SMALL)
    assert (found.judgement.by, found.judgement.confidence) == ("code", 1.0)


def test_a_full_key_and_an_old_code_are_understood() -> None:
    assert classified(category=POTHOLE.key).category == POTHOLE
    assert classified(category="0110").category == POTHOLE


def test_a_component_code_means_that_component_where_no_event_has_it() -> None:
    assert classified(category="01009", kind=Kind.COMPONENT).category == LAMP
    assert classified(category="01001", kind=Kind.COMPONENT).category == POTHOLE


def test_the_condition_given_is_taken() -> None:
    assert classified(category="01001", condition="deep").condition == POTHOLE_DEEP


def test_a_condition_of_another_category_gives_way_to_the_categorys_first_and_says_so() -> None:
    found = classified(category="01001", condition="heap")
    assert (found.category, found.condition) == (POTHOLE, POTHOLE_SMALL)
    assert "another category" in found.judgement.reason


def test_a_category_without_conditions_has_none() -> None:
    assert classified(category="01002").condition is None


def test_an_unknown_code_falls_back_to_the_words() -> None:
    found = classified("门口有个大坑", category="99999")
    assert found.category == POTHOLE
    assert found.judgement.by == "keywords"


def test_an_unknown_code_without_words_is_unclassified_and_says_why() -> None:
    found = classified("你好", category="99999")
    assert found.category is None
    assert (found.judgement.confidence, found.judgement.reason) == (0.0, "category-unknown")


# --- Words


def test_a_word_heard_is_the_reason() -> None:
    found = classified("中山路有个大坑，坑洼不平")
    assert found.category == POTHOLE
    assert found.judgement.reason == "heard 大坑、坑洼"
    assert found.judgement.confidence == 0.8


def test_the_stronger_rule_wins_and_may_name_the_condition() -> None:
    found = classified("路中间一个大坑，是个深坑")
    assert (found.category, found.condition) == (POTHOLE, POTHOLE_DEEP)
    assert found.judgement.confidence == 0.9


def test_a_rain_water_cover_is_no_mere_cover_and_nobody_doubts_it() -> None:
    found = classified("雨水井盖不见了")
    assert found.category == RAIN_COVER
    assert found.judgement.confidence == 0.8
    assert found.judgement.alternatives == (COVER.key,)


def test_of_two_words_that_begin_alike_the_longer_is_heard() -> None:
    rules = (KeywordRule(COVER.key, ("雨水",)), KeywordRule(RAIN_COVER.key, ("雨水井盖",)))
    (found,) = Classifier(CATALOGUE, rules).classify_many([a_report(text="雨水井盖不见了")])
    assert (found.category, found.judgement.alternatives) == (RAIN_COVER, ())


def test_two_troubles_in_one_call_need_a_person() -> None:
    found = classified("路上有个大坑，旁边一堆垃圾")
    assert found.judgement.confidence == 0.4
    assert {found.category, *map(CATALOGUE.categories.get, found.judgement.alternatives)} == {POTHOLE, RUBBISH}


def test_a_rubbish_bin_is_no_rubbish() -> None:
    assert classified("垃圾桶坏了").category is None


def test_nothing_heard_is_a_state_and_not_an_error() -> None:
    found = classified("你好")
    assert (found.category, found.condition, found.judgement.confidence) == (None, None, 0.0)
    assert found.judgement.reason == "no code given and no keyword heard"


def test_letters_are_heard_in_any_case() -> None:
    rules = (KeywordRule(POTHOLE.key, ("WiFi",)),)
    assert Classifier(CATALOGUE, rules).classify_many([a_report(text="wIFI坏了")])[0].category == POTHOLE


def test_without_rules_nothing_is_heard() -> None:
    assert Keywords(()).hits("大坑") == ()


# --- For any report

TEXTS = st.lists(st.sampled_from(["大坑", "坑洼", "深坑", "雨水井盖", "井盖", "垃圾", "桶", "你好", "，"])).map("".join)
CODES = st.sampled_from([None, "01001", "0110", "99999", "", POTHOLE.key, "event"])


@given(st.lists(st.tuples(TEXTS | st.text(), CODES, st.sampled_from([None, "deep", "heap"]))))
def test_each_report_is_answered_in_its_place_and_none_disturbs_another(
    said: list[tuple[str, str | None, str | None]],
) -> None:
    reports = [a_report(text=t, category=c, condition=k) for t, c, k in said]
    together = Classifier(CATALOGUE, RULES).classify_many(reports)
    assert together == [Classifier(CATALOGUE, RULES).classify_many([r])[0] for r in reports]


@given(TEXTS | st.text(), CODES, st.sampled_from([None, "deep", "heap"]))
def test_an_answer_is_whole(text: str, code: str | None, condition: str | None) -> None:
    found = classified(text, category=code, condition=condition)
    said = found.judgement
    assert 0 <= said.confidence <= 1
    assert said.reason
    assert len(said.alternatives) <= 2
    assert set(said.alternatives) <= CATALOGUE.categories.keys()
    if found.category is None:
        assert (found.condition, said.confidence) == (None, 0.0)
    else:
        assert said.confidence > 0
        assert found.category.key not in said.alternatives
    if found.condition is not None:
        assert isinstance(found.category, Category)
        assert found.condition.category == found.category.key


@given(TEXTS, st.permutations(RULES))
def test_the_order_of_the_rules_does_not_matter(text: str, rules: list[KeywordRule]) -> None:
    (shuffled,) = Classifier(CATALOGUE, rules).classify_many([a_report(text=text)])
    assert shuffled.category == classified(text).category
    assert shuffled.judgement.confidence == classified(text).judgement.confidence
