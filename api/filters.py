"""What lists and streams are narrowed to, in the codes people know; unknown ones are told, not ignored."""

from api.deps import Deps
from domain.errors import Fault, Invalid


def area_key(tools: Deps, code: str, pointer: str = "/area") -> str:
    """The area key of a code. Raises ``Invalid`` for a code the atlas does not know."""
    if code not in tools.area_keys:
        raise Invalid("area-unknown", "区域代码不存在", faults=(Fault(pointer, "area-unknown"),))
    return tools.area_keys[code]


def by_area(tools: Deps, code: str | None) -> str | None:
    """The area key to filter by, if one is asked for. Raises ``Invalid``."""
    return None if code is None else area_key(tools, code)


def by_unit(tools: Deps, unit: str | None) -> str | None:
    """A unit code to filter by. Raises ``Invalid`` for one the city pack does not know."""
    if unit is not None and unit not in tools.present.units:
        raise Invalid("unit-unknown", "单位不存在", faults=(Fault("/unit", "unit-unknown"),))
    return unit


def by_category(tools: Deps, code: str | None) -> str | None:
    """The key of a category code to filter by. Raises ``Invalid``."""
    return tools.office.advisers.catalogue.find(code).key if code else None
