"""How one report stands to one case (诉求与案件). For ``domain.crowd``, and for commands that are about a report."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Standing:
    """``behind``: the case is about it now. ``own``: it came by itself or was joined, not with a case merged into this
    one. ``withdrawn``: its caller took it back (撤回); that stays, even where it comes again with a merged case."""

    behind: bool = False
    own: bool = False
    withdrawn: bool = False


STRANGER = Standing()
"""A report that never had to do with the case."""
