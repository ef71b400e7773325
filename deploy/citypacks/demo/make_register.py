"""Writes the register of components of the fictional city of Yunhu (云湖市): ``register/assets.csv`` beside this file.

Run it with ``python deploy/citypacks/demo/make_register.py``; the seed is fixed, so the file comes out byte for byte
the same, and a test compares it. A unit grid has up to two components near its middle, numbered by district.
"""

import csv
import io
import json
import random
from collections import Counter
from pathlib import Path

import shapely

HERE = Path(__file__).resolve().parent
HEADER = (
    "GLBJBSM", "GLBJMC", "ZGBMDM", "ZGBMMC", "QSDWDM", "QSDWMC", "YHDWDM", "YHDWMC", "SZDYWGBSM", "GLBJZT", "CSRQ",
    "BGRQ", "SJLY", "BZ", "经度", "纬度",
)  # fmt: skip
HOUSING, TRANSPORT = ("11439900MB0000001A", "云湖市住房和城乡建设局"), ("11439900MB0000002B", "云湖市交通运输局")
URBAN, PARKS = ("11439900MB0000003C", "云湖市城市管理综合执法局"), ("11439900MB0000004D", "云湖市园林局")
# class, name, supervising, owning and maintaining body
KINDS = (
    ("01001", "供水井盖", HOUSING, ("91439900MA0000001A", "云湖市自来水有限公司"), ("", "云湖市自来水有限公司")),
    ("01002", "污水井盖", HOUSING, ("91439900MA0000002B", "云湖市排水有限公司"), ("", "云湖市市政设施养护中心")),
    ("01003", "雨水井盖", HOUSING, ("91439900MA0000002B", "云湖市排水有限公司"), ("", "云湖市市政设施养护中心")),
    ("01037", "路灯", HOUSING, ("", ""), ("", "云湖市路灯管理所")),
    ("02010", "交通标志牌及标线", TRANSPORT, ("", ""), ("", "云湖市公安局交通警察支队")),
    ("03005", "垃圾箱", URBAN, ("", ""), ("", "云湖市环境卫生服务中心")),
    ("04002", "行道树", PARKS, ("", ""), ("", "云湖市园林绿化中心")),
    ("04007", "街头座椅", PARKS, ("", ""), ("", "云湖市园林绿化中心")),
)
STATES = ("完好",) * 9 + ("破损",)


def table() -> str:
    """The register as CSV text."""
    features = json.loads((HERE / "areas.geojson").read_text(encoding="utf-8"))["features"]
    dice = random.Random(2026)  # noqa: S311  (draws a city, keeps no secret)
    numbers: Counter[str] = Counter()
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(HEADER)
    for feature in sorted(features, key=lambda each: each["properties"]["code"]):
        grid = feature["properties"]["code"]
        if len(grid) != 15:
            continue
        middle = shapely.from_geojson(json.dumps(feature["geometry"])).centroid
        for kind, name, authority, owner, maintainer in dice.sample(KINDS, dice.randint(0, 2)):
            numbers[grid[:6]] += 1
            code = f"{grid[:6]}{kind}{numbers[grid[:6]]:06d}"
            lon, lat = (round(at + dice.uniform(-0.0003, 0.0003), 7) for at in (middle.x, middle.y))
            first = f"202{dice.randint(0, 5)}0{dice.randint(1, 9)}15"
            said = (*authority, *owner, *maintainer, grid, dice.choice(STATES), first, "", "实测", "", lon, lat)
            rows.writerow((code, name, *said))
    return text.getvalue()


if __name__ == "__main__":
    (HERE / "register" / "assets.csv").write_text(table(), encoding="utf-8", newline="\n")
