"""A real S3-compatible server for the tests: SeaweedFS, which a wheel brings, as one process on this machine."""

import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from runtime.embedded.child import Child
from runtime.embedded.server import accepts, free_port
from store.bucket import Address

_PATIENCE = 60.0
_KEYS = ("tests", "secret-of-the-tests")


@contextmanager
def s3_server(home: Path) -> Iterator[Address]:
    """The server with a bucket, until the end of the block."""
    home.mkdir(parents=True, exist_ok=True)
    access, secret = _KEYS
    keys = [{"accessKey": access, "secretKey": secret}]
    identity = {"name": "tests", "credentials": keys, "actions": ["Admin", "Read", "Write", "List"]}
    config = home / "s3.json"
    config.write_text(json.dumps({"identities": [identity]}), encoding="utf-8")
    ports = {name: free_port() for name in ("master", "volume", "filer", "s3")}
    options = [f"-{name}.port={port}" for name, port in ports.items()]
    options += [f"-{name}.port.grpc={free_port()}" for name in ports]
    command = [
        str(Path(sys.executable).with_name("weed")), "server", f"-dir={home}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1",
        "-master.volumeSizeLimitMB=64", "-volume.max=50", "-s3", f"-s3.config={config}", "-s3.port.iceberg=0",
        "-s3.port.lance=0", *options,
    ]  # fmt: skip
    server = Child(
        command,
        env=dict(os.environ),
        log=home / "log",
        pid_file=home / "pid",
        parting=signal.SIGKILL,
    )
    server.spawn()
    try:
        _await(server, ports["s3"])
        yield Address("cityloop-tests", "", f"http://127.0.0.1:{ports['s3']}", "us-east-1", access, secret)
    finally:
        server.stop(())  # at once: it takes half a minute to part in order, and nobody keeps these data


def _await(server: Child, port: int) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not accepts(port):
        if server.pid is None or time.monotonic() > deadline:
            raise RuntimeError(f"SeaweedFS did not start: {server.said()[-4000:]}")
        time.sleep(0.1)
