"""Become another program that does not outlive its parent. A script started by runtime.embedded.child, never imported.

Usage: tether.py PARENT_PID SIGNAL UID GID PROGRAM [ARGUMENT...]; UID and GID -1 keep the user as it is.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1  # linux/prctl.h


def main(arguments: list[str]) -> None:
    """Drop to the user, ask the kernel for SIGNAL when the parent dies, then replace this process by PROGRAM."""
    parent, signal, uid, gid = (int(word) for word in arguments[:4])
    program = arguments[4:]
    if uid >= 0:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    # In this order: a change of user clears the request, an exec keeps it.
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    if os.getppid() != parent:
        sys.exit("the parent died before its child could be tied to it")
    os.execv(program[0], program)  # noqa: S606 - no shell is wanted here


if __name__ == "__main__":
    main(sys.argv[1:])
