"""One server program as a child process: spawned, watched, stopped, and never left behind. Linux only.

Used by runtime.embedded.server. The child has its own session, so Ctrl-C in the terminal reaches only us and we
stop it in order; the kernel signals it when we are killed; its pid is on record for the next run.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO

Steps = Sequence[tuple[signal.Signals, float]]

_TETHER = Path(__file__).with_name("tether.py")
_PAUSE = 0.02
_LOG_LIMIT = 8 * 1024 * 1024

# The kernel counts the *thread* that forked as the parent: were it a short-lived one, the child would be signalled
# when that thread ends. So one thread that lives as long as this process does all the forking.
_spawner = ThreadPoolExecutor(max_workers=1, thread_name_prefix="spawn")


class Child:
    """One run of one program. Spawn it once; for another run make another ``Child``."""

    def __init__(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        log: Path,
        pid_file: Path,
        parting: signal.Signals,
        user: tuple[int, int] | None = None,
    ) -> None:
        """``parting`` is the signal it gets if we are killed; ``user`` the uid and gid to drop to (root only)."""
        self._argv = list(argv)
        self._env = dict(env)
        self._log = log
        self._pid_file = pid_file
        self._parting = parting
        self._user = user
        self._process: subprocess.Popen[bytes] | None = None
        self._log_start = 0

    def spawn(self) -> None:
        """Start the program and put its pid on record. Raises ``OSError`` when a file cannot be written."""
        _turn_over(self._log)
        uid, gid = self._user or (-1, -1)
        tether = [sys.executable, "-I", "-S", str(_TETHER), str(os.getpid()), str(int(self._parting))]
        with self._log.open("ab") as log:
            self._log_start = log.tell()
            command = [*tether, str(uid), str(gid), *self._argv]
            self._process = _spawner.submit(self._fork, command, log).result()
        self._pid_file.write_text(f"{self._process.pid}\n", encoding="ascii")

    def _fork(self, command: list[str], log: IO[bytes]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # noqa: S603 - the command is ours
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=self._env,
            cwd="/",
            start_new_session=True,
        )

    @property
    def pid(self) -> int | None:
        """The process id while the child is alive, else None."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def stop(self, steps: Steps) -> None:
        """Send each signal in turn and wait its seconds for the end; the last resort is SIGKILL."""
        process = self._process
        if process is None:
            return
        for step, seconds in steps:
            process.send_signal(step)
            try:
                process.wait(seconds)
                break
            except subprocess.TimeoutExpired:
                continue
        else:
            process.kill()
            process.wait()
        self._pid_file.unlink(missing_ok=True)

    def kill(self) -> None:
        """SIGKILL, as a fault would: nothing is tidied up, the pid stays on record."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def said(self) -> str:
        """What this run wrote to its log so far (at most its last 64 KiB)."""
        with self._log.open("rb") as log:
            end = log.seek(0, os.SEEK_END)
            log.seek(max(self._log_start, end - 65536))
            return log.read().decode("utf-8", "replace")


def stop_recorded(pid_file: Path, marks: Sequence[str], steps: Steps) -> int | None:
    """Stop the process an earlier run left behind; return its pid, or None when there was none.

    Only the recorded process is touched, and only when its command line holds every one of ``marks``: the number may
    belong to a stranger by now. The record is removed either way.
    """
    try:
        pid = int(pid_file.read_text(encoding="ascii").split()[0])
    except (FileNotFoundError, ValueError, IndexError):
        pid_file.unlink(missing_ok=True)
        return None
    ours = _is_ours(pid, marks)
    if ours:
        for step, seconds in (*steps, (signal.SIGKILL, 5.0)):
            if _signal_and_wait(pid, marks, step, seconds):
                break
    pid_file.unlink(missing_ok=True)
    return pid if ours else None


def _signal_and_wait(pid: int, marks: Sequence[str], step: signal.Signals, seconds: float) -> bool:
    try:
        os.kill(pid, step)
    except ProcessLookupError:
        return True
    deadline = time.monotonic() + seconds
    while _is_ours(pid, marks):
        if time.monotonic() > deadline:
            return False
        time.sleep(_PAUSE)
    return True


def _is_ours(pid: int, marks: Sequence[str]) -> bool:
    """Whether that process runs and is what we once started; a zombie, whose command line is empty, is not."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return all(os.fsencode(mark) in words for mark in marks)


def _turn_over(log: Path) -> None:
    """Keep the log from filling the disk: past its limit it becomes ``.1`` and a new one is begun."""
    if log.exists() and log.stat().st_size > _LOG_LIMIT:
        log.replace(log.with_name(log.name + ".1"))
