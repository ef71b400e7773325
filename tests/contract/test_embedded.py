"""The embedded servers keep their data through crashes, never outlive us, and say what to do when they cannot start."""

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
from kafka import KafkaConsumer, KafkaProducer
from kafka.admin import KafkaAdminClient

from domain.errors import Unavailable
from runtime.embedded import EmbeddedKafka, EmbeddedPostgres, jars
from runtime.embedded.server import free_port

ROOT = Path(__file__).resolve().parents[2]

Server = EmbeddedKafka | EmbeddedPostgres


@pytest.fixture(scope="module")
def shared_kafka(server_home: Path, jar_cache: Path) -> Iterator[EmbeddedKafka]:
    # A Chinese name with a space: properties files, Java and Maven each have their own way to stumble over it.
    broker = EmbeddedKafka(server_home / "消息 一", jar_cache)
    yield broker
    broker.stop()


@pytest.fixture
def kafka(shared_kafka: EmbeddedKafka) -> EmbeddedKafka:
    shared_kafka.start()
    return shared_kafka


@pytest.fixture(scope="module")
def shared_postgres(server_home: Path) -> Iterator[EmbeddedPostgres]:
    database = EmbeddedPostgres(server_home / "数据库 一")
    yield database
    database.stop()


@pytest.fixture
def postgres(shared_postgres: EmbeddedPostgres) -> EmbeddedPostgres:
    shared_postgres.start()
    return shared_postgres


async def query(dsn: str, *statements: str) -> object:
    connection = await asyncpg.connect(dsn)
    try:
        for statement in statements:
            answer = await connection.fetchval(statement)
        return answer
    finally:
        await connection.close()


def wait_for_end(pid: int) -> None:
    deadline = time.monotonic() + 30
    while Path(f"/proc/{pid}").exists() and not _is_zombie(pid):
        assert time.monotonic() < deadline, f"process {pid} is still there"
        time.sleep(0.05)


def _is_zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_kafka_keeps_records_through_kill(kafka: EmbeddedKafka) -> None:
    address = kafka.bootstrap
    admin = KafkaAdminClient(bootstrap_servers=address)
    admin.create_topics({"kept": {"num_partitions": 2, "replication_factor": 1}}, wait_for_metadata=True)
    admin.close()
    producer = KafkaProducer(bootstrap_servers=address, acks="all")
    for number in range(100):
        producer.send("kept", str(number).encode())
    producer.flush()
    producer.close()

    kafka.kill()
    assert not kafka.alive
    kafka.start()

    assert kafka.bootstrap == address
    consumer = KafkaConsumer(
        "kept", bootstrap_servers=address, auto_offset_reset="earliest", group_id=None, consumer_timeout_ms=3000
    )
    seen = set()
    for record in consumer:
        seen.add(int(record.value))
        if len(seen) == 100:
            break
    consumer.close()
    assert seen == set(range(100))


async def test_postgres_keeps_commits_through_kill(postgres: EmbeddedPostgres) -> None:
    dsn = postgres.dsn
    await query(dsn, "CREATE TABLE kept (n int)", "INSERT INTO kept SELECT generate_series(1, 100)")
    idle = await asyncpg.connect(dsn)  # a session that outlives its server for a moment must not block the next one

    postgres.kill()
    postgres.start()

    idle.terminate()
    assert postgres.dsn == dsn
    assert await query(dsn, "SELECT count(*) FROM kept") == 100


async def test_postgres_settings_are_as_promised(postgres: EmbeddedPostgres) -> None:
    connection = await asyncpg.connect(postgres.dsn)
    rows = await connection.fetch("SELECT name, setting FROM pg_settings")
    settings = {row["name"]: row["setting"] for row in rows}
    collation = await connection.fetchrow(
        "SELECT datlocprovider::text, datlocale, pg_encoding_to_char(encoding) FROM pg_database WHERE datname = $1",
        "cityloop",
    )
    await connection.close()
    assert collation is not None
    assert tuple(collation) == ("b", "C.UTF-8", "UTF8")
    assert (
        settings.items()
        >= {
            "fsync": "on",
            "synchronous_commit": "on",
            "full_page_writes": "on",
            "data_checksums": "on",
            "TimeZone": "UTC",
            "max_connections": "100",
            "max_locks_per_transaction": "256",
            "listen_addresses": "127.0.0.1",
        }.items()
    )


async def test_postgres_wants_its_password(postgres: EmbeddedPostgres) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(f"postgresql://cityloop:wrong@127.0.0.1:{postgres.port}/cityloop")


@pytest.mark.parametrize("which", ["kafka", "postgres"])
class TestEitherServer:
    @pytest.fixture
    def server(self, which: str, request: pytest.FixtureRequest) -> Server:
        server = request.getfixturevalue(which)
        assert isinstance(server, (EmbeddedKafka, EmbeddedPostgres))
        return server

    @pytest.fixture
    def twin(self, which: str, server: Server, jar_cache: Path) -> Iterator[Server]:
        """Another supervisor's view of the same home."""
        twin: Server = EmbeddedKafka(server.home, jar_cache) if which == "kafka" else EmbeddedPostgres(server.home)
        yield twin
        twin.stop()

    def test_start_twice_is_start_once(self, server: Server) -> None:
        pid, port = server.pid, server.port
        server.start()
        assert (server.pid, server.port) == (pid, port)

    def test_stop_is_graceful_and_repeatable(self, server: Server) -> None:
        pid = server.pid
        assert pid is not None
        server.stop()
        server.stop()
        assert not server.alive
        assert server.pid is None
        wait_for_end(pid)

    def test_another_supervisor_is_told_so(self, which: str, server: Server, twin: Server) -> None:
        with pytest.raises(Unavailable) as refusal:
            twin.start()
        assert refusal.value.code == f"{which}-in-use"
        assert server.alive

    def test_taken_port(self, which: str, jar_cache: Path, server_home: Path, server: Server) -> None:
        with socket.socket() as squatter:
            squatter.bind(("127.0.0.1", 0))
            squatter.listen()
            port = squatter.getsockname()[1]
            home = server_home / f"{which}-taken"
            other: Server = (
                EmbeddedKafka(home, jar_cache, port=port) if which == "kafka" else EmbeddedPostgres(home, port=port)
            )
            with pytest.raises(Unavailable) as refusal:
                other.start()
        assert refusal.value.code == f"{which}-port-taken"
        assert str(port) in refusal.value.detail
        assert not other.alive

    def test_leftover_of_an_earlier_run_is_stopped(self, server: Server, twin: Server) -> None:
        pid = server.pid
        assert pid is not None
        assert server._lock is not None
        os.close(server._lock)  # as when the supervisor died and its server did not
        server._lock = None
        twin.start()
        assert twin.pid != pid
        wait_for_end(pid)
        server.stop()
        twin.stop()

    def test_stale_pid_of_a_stranger_is_left_alone(self, which: str, server: Server) -> None:
        server.stop()
        with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) as stranger:
            (server.home / f"{which}.pid").write_text(f"{stranger.pid}\n")
            server.start()
            assert stranger.poll() is None
            stranger.kill()
        assert server.alive

    def test_garbage_in_the_pid_file(self, which: str, server: Server) -> None:
        server.stop()
        (server.home / f"{which}.pid").write_text("")
        server.start()
        assert server.alive

    def test_server_does_not_outlive_a_killed_parent(self, which: str, server: Server) -> None:
        server.stop()
        arguments = f"Path({str(server.home)!r})" + (", Path('.cache/kafka')" if which == "kafka" else "")
        script = (
            "import time, threading\n"
            "from pathlib import Path\n"
            "from runtime.embedded import EmbeddedKafka, EmbeddedPostgres\n"
            f"server = {type(server).__name__}({arguments})\n"
            # From a thread that ends at once: the end of a thread is not the end of the parent.
            "starter = threading.Thread(target=server.start); starter.start(); starter.join()\n"
            "time.sleep(0.3); print(server.pid, flush=True); time.sleep(600)\n"
        )
        with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, cwd=ROOT) as parent:
            assert parent.stdout is not None
            pid = int(parent.stdout.readline())
            assert os.getsid(pid) == pid  # Ctrl-C in the terminal does not reach it
            parent.kill()
        wait_for_end(pid)

    def test_a_failing_start_names_the_log(self, which: str, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
        server.stop()
        monkeypatch.setattr(type(server), "_answers", lambda self: False)
        monkeypatch.setattr(type(server), "patience", 1.0)
        with pytest.raises(Unavailable) as refusal:
            server.start()
        assert refusal.value.code == f"{which}-start-failed"
        assert str(server.log) in refusal.value.detail
        assert not server.alive

    def test_full_disk(self, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
        server.stop()
        usage = shutil.disk_usage(server.home)._replace(free=1)
        monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
        with pytest.raises(Unavailable) as refusal:
            server.start()
        assert refusal.value.code == "disk-full"


def test_kafka_data_of_a_newer_release(kafka: EmbeddedKafka) -> None:
    kafka.stop()
    record = kafka.home / "kafka.version"
    ours = record.read_text()
    record.write_text("999.0.0\n")
    try:
        with pytest.raises(Unavailable) as refusal:
            kafka.start()
        assert refusal.value.code == "kafka-data-version"
    finally:
        record.write_text(ours)


def test_postgres_data_of_another_release(postgres: EmbeddedPostgres) -> None:
    postgres.stop()
    record = postgres.home / "data" / "PG_VERSION"
    ours = record.read_text()
    record.write_text("9\n")
    try:
        with pytest.raises(Unavailable) as refusal:
            postgres.start()
        assert refusal.value.code == "postgres-data-version"
    finally:
        record.write_text(ours)


async def test_half_made_data_are_made_anew(server_home: Path) -> None:
    home = server_home / "half"
    (home / "data.partial").mkdir(parents=True)
    (home / "data.partial" / "PG_VERSION").write_text("1")
    with EmbeddedPostgres(home) as database:
        assert await query(database.dsn, "SELECT 1") == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root changes to a system user")
async def test_home_closed_to_the_system_user(tmp_path: Path, server_home: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    said: list[str] = []
    with EmbeddedPostgres(closed / "pg", on_progress=said.append, shelter=server_home / "shelter") as database:
        assert await query(database.dsn, "SELECT 1") == 1
    assert any("shelter" in line for line in said)
    with EmbeddedPostgres(closed / "pg", shelter=server_home / "shelter") as database:
        assert await query(database.dsn, "SELECT 1") == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root changes to a system user")
def test_nowhere_to_go_for_the_system_user(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(Unavailable) as refusal:
        EmbeddedPostgres(closed / "pg", shelter=closed / "shelter").start()
    assert refusal.value.code == "postgres-unreachable"


def test_java_is_asked_for(kafka: EmbeddedKafka, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    kafka.stop()
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Unavailable) as refusal:
        kafka.start()
    assert refusal.value.code == "java-missing"
    old = tmp_path / "java"
    old.write_text("#!/bin/sh\necho 'openjdk version \"11.0.2\"' >&2\n")
    old.chmod(0o755)
    with pytest.raises(Unavailable) as refusal:
        kafka.start()
    assert refusal.value.code == "java-too-old"


class TestJars:
    """Maven is played by a script here: what matters is when it is asked and what is believed of its answer."""

    @pytest.fixture
    def maven(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        maven = tmp_path / "bin" / "mvn"
        maven.parent.mkdir()
        maven.write_text(
            '#!/bin/sh\nfor word in "$@"; do case "$word" in -DoutputDirectory=*) out="${word#*=}";; esac; done\n'
            'echo jar > "$out/a.jar"; echo run >> "$0.runs"; exit "$(cat "$0.exit" 2>/dev/null || echo 0)"\n'
        )
        maven.chmod(0o755)
        monkeypatch.setenv("PATH", f"{maven.parent}:/usr/bin:/bin")
        return maven

    def resolve(self, cache: Path) -> Path:
        return jars.resolve_jars(cache, lambda line: None)

    def runs(self, maven: Path) -> int:
        record = maven.with_name("mvn.runs")
        return len(record.read_text().splitlines()) if record.exists() else 0

    def test_resolved_once(self, maven: Path, tmp_path: Path) -> None:
        folder = self.resolve(tmp_path / "cache")
        assert self.resolve(tmp_path / "cache") == folder
        assert (folder / "a.jar").exists()
        assert self.runs(maven) == 1

    def test_damaged_jar_heals(self, maven: Path, tmp_path: Path) -> None:
        folder = self.resolve(tmp_path / "cache")
        (folder / "a.jar").write_text("")
        self.resolve(tmp_path / "cache")
        assert (folder / "a.jar").read_text() == "jar\n"
        assert self.runs(maven) == 2

    def test_failed_download_leaves_no_marker(self, maven: Path, tmp_path: Path) -> None:
        maven.with_name("mvn.exit").write_text("1")
        with pytest.raises(Unavailable) as refusal:
            self.resolve(tmp_path / "cache")
        assert refusal.value.code == "kafka-jars-unresolved"
        assert "maven.log" in refusal.value.detail
        maven.with_name("mvn.exit").unlink()
        assert (self.resolve(tmp_path / "cache") / "a.jar").exists()

    def test_no_maven(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(Unavailable) as refusal:
            self.resolve(tmp_path / "cache")
        assert refusal.value.code == "maven-missing"


async def test_start_may_be_called_from_a_thread(server_home: Path) -> None:
    """A loop that must not block starts servers in a worker thread; the server must not end with that thread."""
    database = EmbeddedPostgres(server_home / "threaded")
    try:
        await asyncio.to_thread(database.start)
        assert await query(database.dsn, "SELECT 1") == 1
    finally:
        await asyncio.to_thread(database.stop)


def test_ports_are_not_those_of_outgoing_connections() -> None:
    with contextlib.suppress(FileNotFoundError):
        first = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
        assert all(free_port() < first for _ in range(20)) or first < 20000


def test_parting_signal_is_the_graceful_one() -> None:
    assert EmbeddedKafka.steps[0][0] is signal.SIGTERM
    assert EmbeddedPostgres.steps[0][0] is signal.SIGINT
