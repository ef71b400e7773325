"""Personal data out of a text before it becomes training data: numbers, addresses of mail, plates, stated names.

Greedy on purpose: a masked street number costs the model nothing. A name in running text is not recognised.
"""

import re

_RULES = (
    (re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", re.ASCII), "[邮箱]"),
    (
        re.compile(r"(?<![0-9A-Za-z])[1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])[0-3]\d\d{3}[\dXx](?![0-9A-Za-z])"),
        "[证件号]",
    ),
    (re.compile(r"(?<![0-9A-Za-z])[1-9]\d{13}[\dXx](?![0-9A-Za-z])"), "[证件号]"),
    (re.compile(r"(?<!\d)(?:\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}(?!\d)"), "[电话]"),
    (re.compile(r"(?<!\d)(?:\(?0\d{2,3}\)?[- ]?)?[2-9]\d{6,7}(?:-\d{1,5})?(?!\d)"), "[电话]"),
    (re.compile(r"\d[\d -]{9,}\d"), "[长号码]"),
    (re.compile(r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-Z][·• ]?[A-Z0-9]{5,6}"), "[车牌]"),
    (re.compile(r"((?:微信|QQ|qq)号?[:： ]?)[A-Za-z0-9_-]{5,}"), r"\1[号码]"),
    (
        re.compile(
            r"((?:我叫|本人叫|姓名[:：是]?|联系人[:：是]?|我是业主)\s*)[\u4e00-\u9fff]{2,3}(?=[，,。；;、\s]|$)"
        ),
        r"\1[姓名]",
    ),
)


def masked(text: str) -> str:
    """The text with personal data replaced by marks such as ``[电话]``."""
    for pattern, mark in _RULES:
        text = pattern.sub(mark, text)
    return text
