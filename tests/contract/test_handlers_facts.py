"""What the rulebook may ask beyond category and place: the words of the call, who called, whose the component is."""

from domain.task import Part
from handlers.ports import Office
from tests.demo_city import a_call, case_of, dispatched, in_district

LITTER, LAMP_CLASS = "06010", "01037"


async def test_what_the_words_speak_of_and_want_stays_on_the_case_and_brings_another_unit(office: Office) -> None:
    """«来电提到装修垃圾时住建协办»: the rule for the tag goes before that for the category alone."""
    n = in_district("439901002")
    plain, tagged = await dispatched(
        office,
        a_call(n, LITTER, text="路边有一堆垃圾"),
        a_call(n + 1, LITTER, text="投诉邻居把装修垃圾堆在路边", extra={"caller": "media"}),
    )
    without, case = await case_of(office, plain), await case_of(office, tagged)
    assert "装修垃圾" not in without.tags
    assert {"装修垃圾", "complaint"} <= set(case.tags)
    assert (without.caller, case.caller) == ("", "media")
    assert without.verdict is not None
    assert case.verdict is not None
    assert (without.verdict.rule, case.verdict.rule) == ("litter", "litter-decoration")
    assert [task.unit for task in case.tasks if task.part is Part.ASSIST] == ["housing", "street-yunqi"]
    assert any("litter-decoration" in told for told in without.verdict.changes), "what would have changed the outcome"
