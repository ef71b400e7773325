"""The city's catalogue as Open311 services: one for each event category (小类), and one for everything else."""

from dataclasses import dataclass

from api.open311.render import Content
from domain.catalogue import Catalogue, Category, Condition, Kind
from domain.errors import Invalid, Refused

OTHER = "other"
"""The service of who cannot say what it is: the words decide, or the desk."""
CONDITION = "condition"
"""The one attribute of a service: which of its filing conditions (立案条件) holds."""
_OTHER_NAME = "其他诉求"
_OTHER_SAYS = "说不清类别时使用：请描述情况，由受理人员归类"


@dataclass(frozen=True, slots=True)
class Services:
    """A catalogue with the codes its categories go by: the bare code where it is unmistakable, else the full key."""

    catalogue: Catalogue

    def code_of(self, category: Category | None) -> str:
        """The service code of a category; ``other`` for none."""
        if category is None:
            return OTHER
        try:
            plain = self.catalogue.find(category.code)
        except Invalid:
            return category.key
        return category.code if plain.key == category.key else category.key

    def name_of(self, category: Category | None) -> str:
        """The service's name for people."""
        return category.name if category else _OTHER_NAME

    def find(self, code: str) -> Category | None:
        """The category of a service code, also of an old or full one; None for ``other``.

        Raises ``Refused`` (404) with code ``service-unknown``.
        """
        if code == OTHER:
            return None
        try:
            return self.catalogue.find(code)
        except Invalid:
            raise Refused("service-unknown", "服务类别不存在", "take the service_code from the service list") from None

    def listing(self) -> list[Content]:
        """All services: every event category, components only where the city has conditions for them, and ``other``."""
        offered = [
            category
            for category in self.catalogue.categories.values()
            if category.kind is Kind.EVENT or category.key in self.catalogue.conditions
        ]
        return [
            *(self._service(category) for category in offered),
            _service(OTHER, _OTHER_NAME, _OTHER_SAYS, False, _OTHER_NAME, _OTHER_NAME),
        ]

    def definition(self, code: str) -> Content:
        """A service's definition under the code it was asked by. Raises ``Refused`` (404) with ``service-unknown``."""
        category = self.find(code)
        conditions = self._conditions(category)
        values: list[Content] = [{"key": one.id, "name": one.filing} for one in conditions]
        attribute: Content = {
            "variable": True,
            "code": CONDITION,
            "datatype": "singlevaluelist",
            "required": False,
            "datatype_description": None,
            "order": 1,
            "description": "现场符合哪一项立案条件？不清楚可不选",
            "values": values,
        }
        return {"service_code": code, "attributes": [attribute] if conditions else []}

    def _service(self, category: Category) -> Content:
        conditions = self._conditions(category)
        says = "；".join(one.filing for one in conditions) or f"{category.class_name}：{category.name}"
        keywords = f"{category.class_name},{category.name}"
        code = self.code_of(category)
        return _service(code, category.name, says, bool(conditions), keywords, category.class_name)

    def _conditions(self, category: Category | None) -> tuple[Condition, ...]:
        return self.catalogue.conditions.get(category.key, ()) if category else ()


def _service(code: str, name: str, description: str, metadata: bool, keywords: str, group: str) -> Content:
    return {
        "service_code": code,
        "service_name": name,
        "description": description,
        "metadata": metadata,
        # the number comes with the case, which is filed after the report was let in: a token until then
        "type": "batch",
        "keywords": keywords,
        "group": group,
    }
