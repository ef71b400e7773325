"""Apache Kafka itself as one KRaft node on this machine, for one machine. Started by the supervisor."""

import base64
import os
import re
import shutil
import signal
import subprocess
import uuid
from pathlib import Path
from typing import ClassVar

from kafka.admin import KafkaAdminClient
from kafka.errors import KafkaError

from domain.errors import Unavailable
from runtime.embedded.child import Child, Steps
from runtime.embedded.jars import kafka_version, resolve_jars
from runtime.embedded.server import EmbeddedServer, Progress, accepts, free_port

_JAVA_NEEDED = 17
_LOG4J = """\
status=error
appender.out.type=Console
appender.out.name=out
appender.out.layout.type=PatternLayout
appender.out.layout.pattern=%d{ISO8601} %p %c{1}: %m%n
rootLogger.level=warn
rootLogger.appenderRef.out.ref=out
logger.life.name=kafka.server.KafkaRaftServer
logger.life.level=info
"""


class EmbeddedKafka(EmbeddedServer):
    """One broker with its own controller. Topics are never made by accident: ``streams.topics`` creates them."""

    name: ClassVar[str] = "kafka"
    title: ClassVar[str] = "消息服务（Kafka）"
    steps: ClassVar[Steps] = ((signal.SIGTERM, 20.0),)

    def __init__(self, home: Path, cache: Path, port: int | None = None, on_progress: Progress | None = None) -> None:
        """Keep data, settings and log under ``home`` and the jars under ``cache``, which other homes may share."""
        super().__init__(home, port, on_progress)
        self._cache = cache.absolute()
        self._data = self.home / "data"
        self._settings = self.home / "server.properties"
        self._java = ""
        self._jars = self._cache

    @property
    def bootstrap(self) -> str:
        """The address clients connect to, ``127.0.0.1:PORT``. Raises ``RuntimeError`` before the first start."""
        return f"127.0.0.1:{self.port}"

    def _marks(self) -> tuple[str, ...]:
        return ("kafka.Kafka", str(self._settings))

    def _prepare(self) -> None:
        self._java = _find_java()
        self._jars = resolve_jars(self._cache, self._say)
        self._check_version()
        (self.home / "log4j2.properties").write_text(_LOG4J, encoding="ascii")
        # A directory that never held a started broker holds nothing to lose: a half-finished format is done anew.
        if not (self._data / "__cluster_metadata-0").exists():
            shutil.rmtree(self._data, ignore_errors=True)
            self._format()
        (self.home / "kafka.version").write_text(f"{kafka_version()}\n", encoding="ascii")

    def _check_version(self) -> None:
        """Kafka reads what older releases wrote, never what newer ones did."""
        record = self.home / "kafka.version"
        written = record.read_text(encoding="ascii").strip() if record.exists() else kafka_version()
        if _ordered(written) > _ordered(kafka_version()):
            raise self._unavailable(
                "data-version",
                "数据版本不符",
                f"the data in {self._data} were written by Kafka {written}, newer than {kafka_version()}; "
                f"use that release or another home directory",
            )

    def _format(self) -> None:
        self._say("formatting Kafka storage")
        self._write_settings(port=9092)  # formatting reads the settings but opens no port
        command = [*self._jvm(256), "kafka.tools.StorageTool", "format", "-t", _cluster_id(), "-c", str(self._settings)]
        with self.log.open("ab") as log:
            done = subprocess.run(  # noqa: S603 - the command is ours
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=_environment(), timeout=60, check=False
            )
        if done.returncode != 0:
            raise self._from_log(self.log.read_text(encoding="utf-8", errors="replace")[-65536:])

    def _child_for(self, port: int) -> Child:
        self._write_settings(port)
        return Child(
            [*self._jvm(512), "kafka.Kafka", str(self._settings)],
            env=_environment(),
            log=self.log,
            pid_file=self._pid_file,
            parting=signal.SIGTERM,
        )

    def _answers(self) -> bool:
        if not accepts(self.port):
            return False
        try:
            admin = KafkaAdminClient(
                bootstrap_servers=self.bootstrap, bootstrap_timeout_ms=2000, request_timeout_ms=5000
            )
        except KafkaError:
            return False
        try:
            return bool(admin.describe_cluster()["brokers"])
        except KafkaError:
            return False
        finally:
            admin.close()

    def _jvm(self, heap_mb: int) -> list[str]:
        return [
            self._java,
            "-Xms128m",
            f"-Xmx{heap_mb}m",
            "-XX:+ExitOnOutOfMemoryError",
            "-Djava.awt.headless=true",
            f"-Dlog4j2.configurationFile={(self.home / 'log4j2.properties').as_uri()}",
            "-cp",
            f"{self._jars}/*",
        ]

    def _write_settings(self, port: int) -> None:
        values = {
            "process.roles": "broker,controller",
            "node.id": "1",
            "listeners": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{(controller := free_port())}",
            "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}",
            "controller.listener.names": "CONTROLLER",
            "inter.broker.listener.name": "PLAINTEXT",
            "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
            # The static form: voters come from here and not from the data, so the controller's port may change.
            "controller.quorum.voters": f"1@127.0.0.1:{controller}",
            "log.dirs": str(self._data),
            "auto.create.topics.enable": "false",
            "num.partitions": "4",
            "offsets.topic.num.partitions": "4",
            "offsets.topic.replication.factor": "1",
            "transaction.state.log.num.partitions": "4",
            "transaction.state.log.replication.factor": "1",
            "transaction.state.log.min.isr": "1",
            "share.coordinator.state.topic.num.partitions": "1",
            "share.coordinator.state.topic.replication.factor": "1",
            "share.coordinator.state.topic.min.isr": "1",
            "group.initial.rebalance.delay.ms": "0",
            "group.min.session.timeout.ms": "2000",  # tests want to see a dead worker replaced soon
            # After kill -9 the new broker is not admitted before the old one's session has run out (9 s by default).
            "broker.session.timeout.ms": "4000",
            "broker.heartbeat.interval.ms": "1000",
            # Retention goes by the record's own time. One from the far future would keep its segment for ever, one
            # from 1970 would be deleted before it is read: both are refused at the producer instead.
            "log.message.timestamp.after.max.ms": str(3600 * 1000),
            "log.message.timestamp.before.max.ms": str(7 * 24 * 3600 * 1000),
            # The default takes 128 MB of this small heap for a cleaner that has next to nothing to compact.
            "log.cleaner.dedupe.buffer.size": str(16 * 1024 * 1024),
        }
        lines = (f"{key}={_escaped(value)}\n" for key, value in values.items())
        self._settings.write_text("".join(lines), encoding="ascii")


def _environment() -> dict[str, str]:
    """Ours, in UTF-8: under the C locale Java cannot open a path with a Chinese name."""
    return {**os.environ, "LC_ALL": "C.UTF-8"}


def _find_java() -> str:
    java = shutil.which("java", path=os.path.join(os.environ.get("JAVA_HOME", ""), "bin")) or shutil.which("java")
    said = ""
    if java is not None:
        asked = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=30, check=False)  # noqa: S603
        said = asked.stderr
    release = re.search(r'version "(?:1\.)?(\d+)', said)
    if java is None or release is None:
        raise Unavailable(
            "java-missing",
            "缺少 Java 运行环境",
            f"the embedded Kafka needs Java; install a runtime of version {_JAVA_NEEDED} or later, or point the "
            f"settings at a Kafka that already runs",
        )
    if int(release.group(1)) < _JAVA_NEEDED:
        raise Unavailable(
            "java-too-old",
            "Java 版本过低",
            f"{java} is Java {release.group(1)}; install version {_JAVA_NEEDED} or later, or set JAVA_HOME to it",
        )
    return java


def _cluster_id() -> str:
    """22 characters of URL-safe base64. Kafka refuses one that starts with a dash."""
    while (text := base64.urlsafe_b64encode(uuid.uuid4().bytes).decode("ascii").rstrip("=")).startswith("-"):
        pass
    return text


def _ordered(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version))


def _escaped(value: str) -> str:
    r"""For a Java properties file, which is read as Latin-1: other characters as ``\uXXXX`` in UTF-16 units."""
    units = value.replace("\\", "\\\\").encode("utf-16-be")
    codes = (int.from_bytes(units[i : i + 2], "big") for i in range(0, len(units), 2))
    return "".join(chr(code) if code < 128 else f"\\u{code:04x}" for code in codes)
