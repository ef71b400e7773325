"""What the city pack says of sensors, as the sensors' handlers need it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from sensing.device import Kind
from sensing.rules import Rule
from sensing.storm import Reach
from sensing.times import Maintenance


@dataclass(frozen=True)
class SensorPack:
    """Kinds of devices with their rules, maintenance windows, and how far causes reach.

    ``reaches`` and ``causes`` (their names, for people) are by cause, ``reach`` is that of all others.
    """

    kinds: tuple[Kind, ...] = ()
    windows: tuple[Maintenance, ...] = ()
    reaches: Mapping[str, Reach] = field(default_factory=dict)
    causes: Mapping[str, str] = field(default_factory=dict)
    reach: Reach = field(default_factory=Reach)

    @cached_property
    def rules(self) -> Mapping[str, Rule]:
        """All rules by id."""
        return {rule.id: rule for kind in self.kinds for rule in kind.rules}
