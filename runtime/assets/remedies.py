"""What to do about the codes of a register's table; part of ``runtime.remedies``."""

from collections.abc import Mapping

TABLE: Mapping[str, str] = {
    "accuracy-lost": "note: a converted position is some metres off; load surveyed components in CGCS2000 or WGS-84",
    "assets-load-running": "wait for the other load to end, then give this one",
    "change-before-first": "correct the dates: a change (变更日期) follows the census (初始日期)",
    "code-repeated": "note: the component stands twice in the table; the row with the later date was taken",
    "component-class-unknown": "note: the class is in no table of the city; add it to the pack's `categories.csv`",
    "date-in-future": "correct the date",
    "date-malformed": "write the date as YYYYMMDD",
    "grid-mismatch": "note: the position lies in another grid than the register says; correct one of them",
    "grid-unknown": "note: the city pack's map has no such grid; correct the code or renew the map",
    "place-missing": "give a unit grid or a position",
    "place-outside": "correct the position, or name the grid it stands in",
    "position-outside": "note: the position is not in the city, the grid is; correct the position",
}
