"""One machine with everything on it: servers, preparation, processes. Used by ``up``, ``demo`` and the tests."""

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event, Thread
from urllib.error import URLError
from urllib.request import urlopen

from domain.errors import Unavailable
from runtime.bringup import issue_missing_keys, prepare
from runtime.citypack import Pack
from runtime.settings import Settings
from runtime.supervisor import Supervisor, servers
from runtime.wiring import read_pack

Progress = Callable[[str], None]

_PATIENCE = 60.0
_ADDRESSES = ("kafka_bootstrap", "database_url", "api_port")


@dataclass(frozen=True, slots=True)
class Machine:
    """A running machine: its settings with all addresses, its pack, the clients' keys, and its supervisor."""

    settings: Settings
    pack: Pack
    keys: dict[str, str]
    supervisor: Supervisor

    @property
    def url(self) -> str:
        """Base address of the API."""
        return f"http://{self.settings.api_host}:{self.settings.api_port}"


@contextmanager
def machine(settings: Settings, say: Progress) -> Iterator[Machine]:
    """Start everything and stop it at the end, in order. Raises ``Unavailable`` or ``Invalid`` with the remedy."""
    pack = read_pack(settings)
    settings.home.mkdir(parents=True, exist_ok=True)
    with servers(settings, say) as found:
        complete = found.settings
        asyncio.run(prepare(complete, pack, say))
        keys = asyncio.run(issue_missing_keys(complete))
        supervisor = Supervisor(complete, found.embedded)
        stop = Event()
        keeper = Thread(target=supervisor.keep, args=(stop,), name="supervisor")
        running = Machine(complete, pack, keys, supervisor)
        _address_file(complete).write_text(
            json.dumps({name: getattr(complete, name) for name in _ADDRESSES}),
            encoding="utf-8",
        )
        try:
            supervisor.start()
            keeper.start()
            _await_api(running, say)
            yield running
        finally:
            stop.set()
            if keeper.ident is not None:
                keeper.join()
            supervisor.stop()
            _address_file(complete).unlink(missing_ok=True)


def running_settings(settings: Settings) -> Settings:
    """Settings completed with the addresses of the machine that runs on the same home now.

    Raises ``Unavailable`` if addresses are neither given nor running.
    """
    if settings.database_url and settings.kafka_bootstrap:
        return settings
    try:
        found = json.loads(_address_file(settings).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise Unavailable(
            "servers-unknown",
            "未找到运行中的服务",
            "start 'cityloop up', or set CITYLOOP_DATABASE_URL and CITYLOOP_KAFKA_BOOTSTRAP",
        ) from None
    return replace(settings, **{name: getattr(settings, name) or found[name] for name in _ADDRESSES})


def _address_file(settings: Settings) -> Path:
    return settings.home / "running.json"


def _await_api(running: Machine, say: Progress) -> None:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        try:
            with urlopen(f"{running.url}/readyz", timeout=2) as answer:  # noqa: S310  (our own address)
                if answer.status == 200:
                    say(f"API is ready on {running.url}")
                    return
        except (URLError, TimeoutError, ConnectionError):
            time.sleep(0.1)
    raise Unavailable("api-start-failed", "接口未能启动", f"read {running.settings.home / 'logs' / 'api.log'}")
