"""Positions (reliability.md §5.4): people's are mended or kept for the desk, a machine's are refused."""

from tests.demo_city import spot
from tests.vectors.values import NUMBERS, Value, Want, bad, good


def positions(*, strict: bool) -> tuple[Value, ...]:
    """Positions around the demo city; ``strict``: the object takes no unknown fields."""
    here = spot(0)
    lon, lat = f"{here.lon:.6f}", f"{here.lat:.6f}"
    doubtful = ("coordinate-placeholder", "coordinate-out-of-range", "coordinate-swapped", "crs-unsupported")

    def at(x: str = lon, y: str = lat, crs: str = ',"crs":"EPSG:4326"', more: str = "") -> str:
        return f'{{"lon":{x},"lat":{y}{crs}{more}}}'

    def doubted(name: str, raw: str, code: str) -> Value:
        assert code in doubtful
        return bad(name, raw, code, people=Want(flag=code))

    no_crs = Want(flag="crs-missing")
    return (
        *(bad(f"longitude is {name}", at(raw), code) for name, raw, code in NUMBERS),
        *(bad(f"latitude is {name}", at(y=raw), code) for name, raw, code in NUMBERS[:4]),
        bad("a text", f'"{lat},{lon}"', "type-mismatch"),
        bad("a list", f"[{lon},{lat}]", "type-mismatch"),
        bad("no longitude", f'{{"lat":{lat},"crs":"GCJ02"}}', "field-missing"),
        bad("no coordinate system", at(crs=""), "crs-missing", people=no_crs, phone=no_crs),
        bad("null as coordinate system", at(crs=',"crs":null'), "crs-missing", people=no_crs, phone=no_crs),
        doubted("EPSG:3857", at(crs=',"crs":"EPSG:3857"'), "crs-unsupported"),
        doubted("a misspelt system", at(crs=',"crs":"BD09LL"'), "crs-unsupported"),
        bad("a number as system", at(crs=',"crs":4326'), "type-mismatch"),
        doubted("swapped", at(lat, lon), "coordinate-swapped"),
        doubted("nought and nought", at("0", "0"), "coordinate-placeholder"),
        doubted("minus one and minus one", at("-1", "-1"), "coordinate-placeholder"),
        doubted("180 and 90", at("180", "90"), "coordinate-placeholder"),
        doubted("off the globe", at("181", "27.9"), "coordinate-out-of-range"),
        doubted("1e300", at("1e300", "1e300"), "coordinate-out-of-range"),
        good("two decimals", at(f"{here.lon:.2f}", f"{here.lat:.2f}"), "coordinate-coarse"),
        good("fifteen decimals", at(f"{here.lon:.15f}", f"{here.lat:.15f}")),
        good("another country", at("2.350123", "48.850123")),
        *((bad("an unknown field", at(more=',"altitude":7'), "field-unknown"),) if strict else ()),
    )


ACCURACY = (
    *(bad(f"accuracy is {name}", raw, code) for name, raw, code in NUMBERS if name != "null"),
    bad("nought", "0", "number-out-of-range"),
    bad("a globe", "40000000", "number-out-of-range"),
    good("five kilometres", "5000", "position-weak"),
)
"""How exact a position is, metres."""
