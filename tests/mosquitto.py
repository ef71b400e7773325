"""A real MQTT broker for tests: Eclipse Mosquitto on a free loopback port, with the settings of deploy/mosquitto."""

import asyncio
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from paho.mqtt.client import Client, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion

CONFIGURATION = Path(__file__).resolve().parent.parent / "deploy" / "mosquitto" / "mosquitto.conf"
_OURS = {"listener", "persistence_location"}


class Mosquitto:
    """A broker that can be stopped and started again on its port with what it kept."""

    def __init__(self, program: str, home: Path, guarded: bool) -> None:
        self._program, self._home = program, home
        self.port, self.tls_port = free_port(), free_port()
        kept = [line for line in CONFIGURATION.read_text("utf-8").splitlines() if line.split(" ")[0] not in _OURS]
        home.mkdir(parents=True)
        home.chmod(0o777)  # started by root it becomes a user of its own
        lines = [f"listener {self.port} 127.0.0.1", f"persistence_location {home}/", *kept]
        if guarded:
            lines = ["per_listener_settings true", *lines, *self._guarded()]
        (home / "mosquitto.conf").write_text("\n".join(lines) + "\n", encoding="utf-8")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def certificate(self) -> Path:
        """What a client of the guarded listener trusts."""
        return self._home / "certificate.pem"

    def _guarded(self) -> Sequence[str]:
        """A second listener with TLS that knows one user, ``bridge`` with the password ``secret``."""
        key, users = self._home / "key.pem", self._home / "users"
        made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
        files = ["-keyout", str(key), "-out", str(self.certificate), "-addext", "subjectAltName=IP:127.0.0.1"]
        subprocess.run([*made, *files], check=True, capture_output=True)
        users.touch()
        subprocess.run(["mosquitto_passwd", "-b", str(users), "bridge", "secret"], check=True, capture_output=True)
        for each in (key, users):
            each.chmod(0o644)
        return (
            f"listener {self.tls_port} 127.0.0.1",
            f"certfile {self.certificate}",
            f"keyfile {key}",
            "allow_anonymous false",
            f"password_file {users}",
        )

    def start(self) -> None:
        """Return when it takes connections."""
        with (self._home / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._program, "-c", str(self._home / "mosquitto.conf")], stdout=log, stderr=log
            )
        deadline = time.monotonic() + 20
        while True:
            assert self._process.poll() is None, (self._home / "log").read_text()
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            assert time.monotonic() < deadline, (self._home / "log").read_text()
            time.sleep(0.02)

    def stop(self) -> None:
        """End it in order: it writes down what it holds."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(20)
            self._process = None

    async def publish(self, messages: Sequence[tuple[str, bytes | str]], qos: int = 1) -> None:
        """Publish in order; return when the broker has acknowledged all."""
        await asyncio.to_thread(self._publish, messages, qos)

    def _publish(self, messages: Sequence[tuple[str, bytes | str]], qos: int) -> None:
        client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTv5)
        client.max_inflight_messages_set(100)
        client.connect("127.0.0.1", self.port)
        client.loop_start()
        try:
            for sent in [client.publish(topic, payload, qos=qos) for topic, payload in messages]:
                sent.wait_for_publish(60)
        finally:
            client.disconnect()
            client.loop_stop()


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def mosquitto_broker(home: Path, guarded: bool = False) -> Iterator[Mosquitto]:
    """A running broker, with a second, guarded listener if wanted; the test is skipped where there is none here."""
    program = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
    if program is None:
        pytest.skip("no MQTT broker here: install the system package `mosquitto` (apt-get install mosquitto)")
    broker = Mosquitto(program, home, guarded)
    broker.start()
    try:
        yield broker
    finally:
        broker.stop()
