"""Which system user a server runs as when we are root, and what that user can reach. Used by ``postgres``."""

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path

_CANDIDATES = ("postgres", "nobody")


@dataclass(frozen=True, slots=True)
class SystemUser:
    """A user without privileges."""

    name: str
    uid: int
    gid: int

    def reaches(self, path: Path) -> bool:
        """Whether the user may pass through every directory above ``path``, and may read it if it is there."""
        try:
            here = path.resolve()
            parents_open = all(self._may(parent, stat.S_IXUSR) for parent in here.parents if parent.exists())
            return parents_open and (not here.exists() or self._may(here, stat.S_IRUSR))
        except OSError:
            return False

    def _may(self, path: Path, owner_bit: int) -> bool:
        found = path.stat()
        shift = 0 if found.st_uid == self.uid else 3 if found.st_gid == self.gid else 6
        return bool(found.st_mode & (owner_bit >> shift))


def unprivileged_user(owned: Path) -> SystemUser | None:
    """None when we are not root. Else the owner of ``owned`` if it exists, else a user every system has.

    Raises ``LookupError`` when there is none.
    """
    if os.geteuid() != 0:
        return None
    if owned.exists() and (owner := owned.stat().st_uid) != 0:
        return _as_user(pwd.getpwuid(owner))
    for name in _CANDIDATES:
        try:
            return _as_user(pwd.getpwnam(name))
        except KeyError:
            continue
    raise LookupError(f"this system has none of the users {', '.join(_CANDIDATES)}")


def _as_user(entry: pwd.struct_passwd) -> SystemUser:
    return SystemUser(entry.pw_name, entry.pw_uid, entry.pw_gid)
