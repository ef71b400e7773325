"""The jars of the embedded broker: fetched once by Maven from deploy/kafka/pom.xml, then kept."""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from domain.errors import Unavailable

POM = Path(__file__).resolve().parent.parent.parent / "deploy" / "kafka" / "pom.xml"

_MARKER = "resolved.txt"
_PATIENCE = 900.0  # seconds for some 45 MB over a slow line
_TITLE = "消息服务（Kafka）程序包"


def kafka_version() -> str:
    """The Kafka release the pom asks for, like ``4.3.1``."""
    found = re.search(r"<kafka\.version>([^<]+)</kafka\.version>", POM.read_text(encoding="utf-8"))
    if found is None:
        raise RuntimeError(f"{POM} names no kafka.version")
    return found.group(1)


def resolve_jars(cache: Path, say: Callable[[str], None]) -> Path:
    """Return the folder ``cache/<version>`` with every jar, downloading them if it is missing, partial or outdated.

    Raises ``Unavailable``: ``maven-missing``, ``kafka-jars-unresolved``.
    """
    folder = cache / kafka_version()
    if _is_whole(folder):
        return folder
    cache.mkdir(parents=True, exist_ok=True)
    with _alone(cache):
        if not _is_whole(folder):  # another process may have been quicker
            say("resolving Kafka jars with Maven (first run only, about 45 MB)")
            _download(cache, folder)
    return folder


def _is_whole(folder: Path) -> bool:
    """The marker is written last and lists the pom's hash and each jar's size, so that any gap shows."""
    try:
        pom, *jars = (folder / _MARKER).read_text(encoding="utf-8").splitlines()
        sizes = dict(line.split(" ", 1)[::-1] for line in jars)
        return pom == _pom_hash() and all((folder / name).stat().st_size == int(size) for name, size in sizes.items())
    except (OSError, ValueError):
        return False


def _pom_hash() -> str:
    return hashlib.sha256(POM.read_bytes()).hexdigest()


def _download(cache: Path, folder: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise Unavailable(
            "maven-missing",
            f"{_TITLE}无法下载",
            "the first run needs Maven to fetch Kafka; install Maven 3.6.3 or later, or point the settings at a Kafka "
            "that already runs",
        )
    shutil.rmtree(folder, ignore_errors=True)
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    log = cache / "maven.log"
    # -U asks again for what an earlier, offline run recorded as missing; -C refuses a jar with a wrong checksum.
    command = [maven, "-B", "-U", "-C", "-f", str(POM), "dependency:copy-dependencies", f"-DoutputDirectory={partial}"]
    with log.open("wb") as out:
        try:
            done = subprocess.run(  # noqa: S603 - the command is ours
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, timeout=_PATIENCE, check=False
            )
        except subprocess.TimeoutExpired:
            raise _unresolved(log) from None
    jars = sorted(partial.glob("*.jar"))
    if done.returncode != 0 or not jars:
        raise _unresolved(log)
    lines = [_pom_hash(), *(f"{jar.stat().st_size} {jar.name}" for jar in jars)]
    (partial / _MARKER).write_text("\n".join(lines) + "\n", encoding="utf-8")
    partial.rename(folder)


def _unresolved(log: Path) -> Unavailable:
    return Unavailable(
        "kafka-jars-unresolved",
        f"{_TITLE}下载失败",
        f"Maven could not fetch Kafka; check the network or Maven's proxy and mirror settings and start again, "
        f"its reason is in {log}",
    )


@contextmanager
def _alone(cache: Path) -> Iterator[None]:
    """One download at a time in this cache, across processes."""
    lock = os.open(cache / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)
