"""Texts, names, codes, telephone numbers (reliability.md §5.1)."""

from tests.vectors.values import CANARY, WRONG_TYPES, Value, Want, bad, good, said

_UNSEEN = {
    "zero-width space": "\u200b",
    "byte order mark": "\ufeff",
    "bidi override": "\u202e",
    "bidi isolate": "\u2067",
}
_CONTROLS = {
    "NUL": "\\u0000",
    "SOH": "\\u0001",
    "VT": "\\u000b",
    "ESC": "\\u001b",
    "DEL": "\\u007f",
    "C1 NEL": "\\u0085",
}

_SPOILT = (
    *(bad(f"{name} within", f'"{CANARY}{char}x"', "text-control-char") for name, char in _CONTROLS.items()),
    bad("lone high surrogate", f'"{CANARY}\\ud800"', "text-invalid-unicode"),
    bad("lone low surrogate", f'"\\udc00{CANARY}"', "text-invalid-unicode"),
    *WRONG_TYPES,
)


def texts(limit: int, *, required: bool = False) -> tuple[Value, ...]:
    """Free text of at most ``limit`` characters."""
    return (
        *_SPOILT,
        bad("one too long", said(("长" + CANARY * limit)[: limit + 1]), "text-too-long"),
        bad("far too long", said(CANARY * 2000), "text-too-long"),
        good("as long as may be, 4 bytes each", said("𠮷" * limit)),
        *(good(f"{name} within", said(f"坑{char}洼"), "normalized") for name, char in _UNSEEN.items()),
        *(bad(f"only {name}", said(char), "text-empty") for name, char in _UNSEEN.items() if required),
        *(
            bad(f"only {name}", said(text), "text-empty")
            for name, text in (("blanks", " \t\n"), ("nothing", ""))
            if required
        ),
        good("rare character", said("𠮷野家门口")),
        good("family with joiners", said("👨‍👩‍👧 在路边")),
        good("lines and tabs", said("第一行\r\n第二行\t缩进\r第三行")),
        good("SQL", said("'; drop table reports; --")),
        good("HTML", said("<script>alert(1)</script>")),
        good("a template", said("{{7*7}} ${jndi:ldap://x}")),
        good("a formula", said("=cmd()")),
        good("escaped like JSON", said('"}],"is_admin":true,"x":[{"\\')),
    )


def names(limit: int) -> tuple[Value, ...]:
    """A name or identifier of at most ``limit`` characters."""
    return (
        *_SPOILT,
        bad("one too long", said(("名" + CANARY * limit)[: limit + 1]), "text-too-long"),
        *(bad(f"{name} within", said(f"张{char}三"), "text-invisible-char") for name, char in _UNSEEN.items()),
        bad("joiner within", said("张\u200d三"), "text-invisible-char"),
        bad("two lines", said("张\n三"), "text-control-char"),
    )


def codes(limit: int = 64) -> tuple[Value, ...]:
    """A code somebody must name: a name that is not empty."""
    return (*names(limit), bad("empty", '""', "text-empty"), bad("blank", '"  "', "text-empty"))


def categories() -> tuple[Value, ...]:
    """A category code: a machine's must be in the catalogue, people's need not be."""
    return (
        *codes(),
        bad("in no catalogue", '"99999"', "category-unknown", people=Want()),
        bad("words", '"路灯坏了"', "category-unknown", people=Want()),
    )


PHONES = (
    *_SPOILT,
    good("full-width digits", said("１３８００１３８０００")),
    good("with country code", said("+86 138 0013 8000")),
    good("with country code, dialled", said("0086-13800138000")),
    good("masked", said("139****0000")),
    good("with area and extension", said("0731-88888888转801")),
    good("two", said("13800138000、13900139000")),
    good("none", '""'),
    bad("words", said("请回电"), "phone-invalid"),
    bad("too short", '"12"', "phone-invalid"),
    bad("letters among digits", said("1380013800O"), "phone-invalid"),
    bad("too long", said("1" * 41), "text-too-long"),
)

WORDS = (*WRONG_TYPES, bad("unknown", said(CANARY), "type-mismatch"), bad("empty", '""', "type-mismatch"))
"""One word of a list, such as a degree of urgency."""
