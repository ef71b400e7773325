"""What the embedded broker and the embedded database have in common: one home, one lock, one port, one child.

The life of such a server is written here once; what differs is in its neighbours ``kafka`` and ``postgres``.
"""

import errno
import fcntl
import os
import random
import shutil
import socket
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

from domain.errors import Unavailable
from runtime.embedded.child import Child, Steps, stop_recorded

Progress = Callable[[str], None]

_ROOM_NEEDED = 256 * 1024 * 1024  # bytes; below this a first start ends half-way
_PAUSE = 0.05
_ATTEMPTS = 3


class EmbeddedServer(ABC):
    """A real server for one machine, kept under ``home``. Data there survive restarts, crashes and ``kill -9``.

    Start and stop may be repeated on one object; data and port stay the same. Not for use from two threads at once.
    """

    name: ClassVar[str]
    """First half of its error codes and the stem of its files."""
    title: ClassVar[str]
    """What it is called before a person at the desk."""
    steps: ClassVar[Steps]
    """Signals for a graceful stop, each with the seconds it gets; the first is also sent when we are killed."""
    patience: ClassVar[float] = 90.0
    """Seconds a start may take: a slow disk and a long recovery are no failure."""

    def __init__(self, home: Path, port: int | None = None, on_progress: Progress | None = None) -> None:
        self.home = home.absolute()
        self._wanted_port = port
        self._port: int | None = port
        self._say = on_progress or (lambda _: None)
        self._child: Child | None = None
        self._lock: int | None = None

    @property
    def pid(self) -> int | None:
        """The server's process id while it runs, else None."""
        return self._child.pid if self._child is not None else None

    @property
    def alive(self) -> bool:
        """Whether the server process runs."""
        return self.pid is not None

    @property
    def port(self) -> int:
        """The TCP port on 127.0.0.1. Raises ``RuntimeError`` before the first start, when none was given."""
        if self._port is None:
            raise RuntimeError(f"{self.name} has no port before its first start")
        return self._port

    @property
    def log(self) -> Path:
        """The file the server writes its own messages to."""
        return self.home / f"{self.name}.log"

    def start(self) -> None:
        """Return when the server answers; at once if it runs already.

        Raises ``Unavailable`` with what to do about it. Nothing is left running after a failed start.
        """
        if self.alive:
            return
        try:
            self._take_home()
            self._check_room()
            if stop_recorded(self._pid_file, self._marks(), self.steps) is not None:
                self._say(f"stopped the {self.name} an earlier run had left behind")
            self._prepare()
            self._launch()
        except OSError as error:
            self.stop()
            raise self._from_os(error) from error
        except subprocess.TimeoutExpired as error:
            self.stop()
            raise self._start_failed(f"needed more than {error.timeout:.0f} s for one step") from error
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop gracefully, within a bounded time, and let go of the home. Harmless when nothing runs."""
        if self._child is not None:
            self._child.stop(self.steps)
            self._child = None
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def kill(self) -> None:
        """SIGKILL, as a fault would, for tests of recovery. The data stay; ``start`` brings the server back."""
        if self._child is not None:
            self._child.kill()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    # What each server brings -------------------------------------------------------------------------------------

    @abstractmethod
    def _marks(self) -> tuple[str, ...]:
        """Words that only the command line of this server on this home holds."""

    @abstractmethod
    def _prepare(self) -> None:
        """Make programs and data ready; repeatable after any interruption."""

    @abstractmethod
    def _child_for(self, port: int) -> Child:
        """The process that serves on that port, not yet spawned."""

    @abstractmethod
    def _answers(self) -> bool:
        """Whether a client is served."""

    def _may_pass(self, said: str) -> bool:
        """Whether the server ended for a reason that passes by itself within seconds."""
        return False

    # The life they share -----------------------------------------------------------------------------------------

    @property
    def _pid_file(self) -> Path:
        return self.home / f"{self.name}.pid"

    def _take_home(self) -> None:
        """Hold the home alone: two supervisors on one data directory would stop each other's server for ever."""
        self.home.mkdir(parents=True, exist_ok=True)
        if self._lock is not None:
            return
        lock = os.open(self.home / f"{self.name}.lock", os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            raise self._unavailable(
                "in-use",
                "已被另一个实例使用",
                f"another running cityloop holds {self.home}; stop it or choose another home directory",
            ) from None
        self._lock = lock

    def _check_room(self) -> None:
        free = shutil.disk_usage(self.home).free
        if free < _ROOM_NEEDED:
            raise self._disk_full()

    def _launch(self) -> None:
        self._say(f"starting {self.name}")
        deadline = time.monotonic() + self.patience
        for attempt in range(_ATTEMPTS):
            self._port = self._choose_port()
            trouble = self._run_until_ready(deadline)
            if trouble is None:
                (self.home / f"{self.name}.port").write_text(f"{self._port}\n", encoding="ascii")
                self._say(f"{self.name} is ready on 127.0.0.1:{self._port}")
                return
            lost_race = trouble.code == f"{self.name}-port-taken" and self._wanted_port is None
            if not lost_race or attempt == _ATTEMPTS - 1:
                raise trouble

    def _run_until_ready(self, deadline: float) -> Unavailable | None:
        child = self._child = self._child_for(self.port)
        child.spawn()
        while not self._answers():
            if child.pid is None:
                said = child.said()
                if not self._may_pass(said) or time.monotonic() > deadline:
                    return self._from_log(said)
                child.spawn()
            elif time.monotonic() > deadline:
                return self._start_failed(f"did not answer within {self.patience:.0f} s")
            time.sleep(_PAUSE)
        return None

    def _choose_port(self) -> int:
        """The port asked for, else the one of the last run, else any free one."""
        if self._wanted_port is not None:
            if not port_is_free(self._wanted_port):
                raise self._port_taken()
            return self._wanted_port
        try:
            recorded = int((self.home / f"{self.name}.port").read_text(encoding="ascii"))
        except (OSError, ValueError):
            recorded = 0
        return recorded if recorded and port_is_free(recorded) else free_port()

    # Its failures, as sentences ----------------------------------------------------------------------------------

    def _unavailable(self, code: str, title: str, detail: str) -> Unavailable:
        return Unavailable(f"{self.name}-{code}", f"{self.title}{title}", detail)

    def _disk_full(self) -> Unavailable:
        room = _ROOM_NEEDED // (1024 * 1024)
        return Unavailable(
            "disk-full", "磁盘空间不足", f"make at least {room} MB free where {self.home} is, then start again"
        )

    def _port_taken(self) -> Unavailable:
        return self._unavailable(
            "port-taken",
            "端口被占用",
            f"port {self._port} on 127.0.0.1 is taken; stop the program that listens there or choose another port",
        )

    def _start_failed(self, what: str) -> Unavailable:
        return self._unavailable(
            "start-failed", "启动失败", f"{self.name} {what}; its reason is at the end of {self.log}"
        )

    def _from_log(self, said: str) -> Unavailable:
        if os.strerror(errno.ENOSPC) in said:
            return self._disk_full()
        if os.strerror(errno.EADDRINUSE) in said:
            return self._port_taken()
        return self._start_failed("ended while starting")

    def _from_os(self, error: OSError) -> Unavailable:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return self._disk_full()
        return self._unavailable(
            "home-unusable",
            "数据目录不可用",
            f"{error.filename or self.home}: {error.strerror or type(error).__name__}; give the process write access "
            f"or choose another home directory",
        )


def free_port() -> int:
    """A TCP port free on 127.0.0.1 right now.

    Below the range the kernel hands to outgoing connections: a client that keeps knocking at a stopped server's port
    inside that range can be given this very port as its own, connect to itself, and keep the server from coming back.
    """
    dice = random.SystemRandom()
    while True:
        port = dice.randrange(20000, 32768)
        if port_is_free(port):
            return port


def port_is_free(port: int) -> bool:
    """Whether a server could listen on 127.0.0.1 at that port; connections in their last minute do not count."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            probe.listen(1)
        except OSError:
            return False
    return True


def accepts(port: int) -> bool:
    """Whether something accepts connections on 127.0.0.1 at that port."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1.0).close()
    except OSError:
        return False
    return True
