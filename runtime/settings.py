"""The only reader of the environment. Every setting has a name, a default and a meaning; docs are made of it."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import get_type_hints

from api.limits import RateText
from api.open311.access import Access, Description
from domain.device import Keeping
from domain.errors import Fault, Invalid
from runtime.geocoder_shapes import Service

ROOT = Path(__file__).resolve().parent.parent
PREFIX = "CITYLOOP_"

MEANINGS: Mapping[str, str] = {
    "pack": "folder of the city pack",
    "home": "folder for the data of embedded servers, keys, logs and process ids",
    "kafka_bootstrap": "Kafka servers (host:port, …); empty: an embedded broker is started",
    "database_url": "PostgreSQL URL; empty: an embedded server is started",
    "topic_prefix": "first part of every topic's name; cities that share a broker differ here",
    "kafka_replication": "replicas of each topic that is created; 3 in production",
    "api_host": "address the API listens on",
    "api_port": "port of the API; 0: a free one",
    "api_processes": "API processes",
    "workers": "worker processes",
    "sensor_workers": "worker processes for the readings of devices",
    "metrics_port": "figures ports: worker N +N, relay +10, sweep +11, API +20+N, sensors +30+N, bridge +40+N; 0: none",
    "pool_size": "database connections of each process",
    "model": "file of the trained text model; empty: `model.npz` in the pack's folder, if it is there",
    "recommender": "file of the trained unit recommender; empty: `recommender.npz` in the pack's folder, if there",
    "exercise_pace": "above 1: limits run that many times faster (演练)",
    "attachments": "where attachments are kept: a folder (empty: `attachments` below home) or `s3://BUCKET/PREFIX`",
    "s3_endpoint": "URL of the S3-compatible server; empty: Amazon's own",
    "s3_region": "region of the bucket",
    "s3_access_key": "access key of the bucket",
    "s3_secret_key": "secret key of the bucket",
    "attachment_files": "attachments one client may upload within 24 hours",
    "attachment_megabytes": "megabytes one client may upload within 24 hours",
    "open311_read": "who reads cases by Open311: `everyone`, `clients` (their own reports' cases, by key), `nobody`",
    "open311_post": "who reports by Open311: `everyone` (without a key too), `clients`, `nobody`",
    "open311_description": "what Open311 publishes as description: `service` (its name), `report` (the caller's words)",
    "open311_decimals": "decimals of a degree in positions that Open311 publishes; 4 are about 11 m, 3 about 110 m",
    "open311_jurisdiction": "the only `jurisdiction_id` Open311 takes; empty: any",
    "open311_contact": "whom Open311's discovery says to ask; empty: the city's 12345",
    "open311_url": "address of `/open311/v2` as the world sees it; empty: as each request came",
    "rates": "what clients and senders without a key may ask, times this; 0: nobody is held to a rate",
    "anonymous_rate": "reports one network address may send without a key (Open311), as `5/min|30/day`; empty: any",
    "trusted_proxies": "addresses of proxies, with commas, whose `X-Forwarded-For` says where a request comes from",
    "room": "requests an API process holds at once, times this; 1 is what its `POOL_SIZE` carries within a second",
    "geocoder_url": "address of an online geocoder the desk may ask; it sees the addresses asked; empty: none",
    "geocoder_service": "whose requests it speaks: `tianditu` or `amap`",
    "geocoder_key": "the city's key at that service",
    "geocoder_seconds": "how long one answer may take",
    "readings": "what is kept of raw readings: each in the `database`, each in `files`, or `counts` of them",
    "readings_days": "days that raw readings are kept",
    "readings_folder": "folder for files of raw readings; empty: `readings` below home",
    "mqtt_url": "the city's MQTT 5 broker, `mqtt://HOST:PORT` or `mqtts://HOST:PORT`; empty: no bridge runs",
    "mqtt_user": "user of the bridge at the MQTT broker; empty: none",
    "mqtt_password": "password of that user",
    "mqtt_certificates": "file of the authorities trusted for `mqtts`; empty: the system's",
    "mqtt_client": "first part of the bridges' client ids, a number follows; a session belongs to its id",
    "mqtt_share": "name of the shared subscription: bridges of one name share the messages",
    "mqtt_flight": "messages the MQTT broker may send a bridge ahead of its acknowledgements, at most 65535",
    "kafka_port": "port of the embedded broker; 0: a free one",
    "postgres_port": "port of the embedded PostgreSQL; 0: a free one",
}


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings, each from ``CITYLOOP_<NAME>``."""

    pack: Path = ROOT / "deploy" / "citypacks" / "demo"
    home: Path = ROOT / ".cityloop"
    kafka_bootstrap: str = ""
    database_url: str = ""
    topic_prefix: str = "cityloop"
    kafka_replication: int = 1
    api_host: str = "127.0.0.1"
    api_port: int = 0
    api_processes: int = 1
    workers: int = 1
    sensor_workers: int = 1
    metrics_port: int = 0
    pool_size: int = 8
    model: str = ""
    recommender: str = ""
    exercise_pace: float = 1.0
    attachments: str = ""
    s3_endpoint: str = ""
    s3_region: str = "us-east-1"
    s3_access_key: str = ""
    s3_secret_key: str = field(default="", repr=False)
    attachment_files: int = 2000
    attachment_megabytes: int = 10_000
    open311_read: Access = Access.CLIENTS
    open311_post: Access = Access.CLIENTS
    open311_description: Description = Description.SERVICE
    open311_decimals: int = 4
    open311_jurisdiction: str = ""
    open311_contact: str = ""
    open311_url: str = ""
    rates: float = 1.0
    anonymous_rate: RateText = RateText("5/min|30/day")  # noqa: RUF009  (immutable)
    trusted_proxies: str = "127.0.0.1"
    room: float = 1.0
    geocoder_url: str = ""
    geocoder_service: Service = Service.TIANDITU
    geocoder_key: str = field(default="", repr=False)
    geocoder_seconds: float = 2.0
    readings: Keeping = Keeping.DATABASE
    readings_days: int = 30
    readings_folder: str = ""
    mqtt_url: str = ""
    mqtt_user: str = ""
    mqtt_password: str = field(default="", repr=False)
    mqtt_certificates: str = ""
    mqtt_client: str = "cityloop-bridge"
    mqtt_share: str = "cityloop"
    mqtt_flight: int = 1000
    kafka_port: int = 0
    postgres_port: int = 0

    @property
    def model_file(self) -> Path:
        """Where the trained text model is, if there is one."""
        return Path(self.model) if self.model else self.pack / "model.npz"

    @property
    def readings_path(self) -> Path:
        """Where files of raw readings are, if they are kept so."""
        return Path(self.readings_folder) if self.readings_folder else self.home / "readings"

    @property
    def recommender_file(self) -> Path:
        """Where the trained unit recommender is, if there is one."""
        return Path(self.recommender) if self.recommender else self.pack / "recommender.npz"

    def environment(self) -> dict[str, str]:
        """These settings as environment variables, for child processes."""
        return {f"{PREFIX}{f.name.upper()}": str(getattr(self, f.name)) for f in fields(self)}


def load(environment: Mapping[str, str] | None = None) -> Settings:
    """Settings from the environment.

    Raises ``Invalid`` naming every variable that is unknown or has a value that cannot be read.
    """
    given = {
        name.removeprefix(PREFIX).lower(): value
        for name, value in (os.environ if environment is None else environment).items()
        if name.startswith(PREFIX)
    }
    types = get_type_hints(Settings)
    faults, values = [], {}
    for name, text in given.items():
        if name not in types:
            faults.append(Fault(f"{PREFIX}{name.upper()}", "setting-unknown"))
            continue
        try:
            values[name] = types[name](text)
        except ValueError:
            faults.append(Fault(f"{PREFIX}{name.upper()}", "type-mismatch", f"{types[name].__name__} expected"))
    if faults:
        raise Invalid("settings-invalid", "环境变量有误", ", ".join(f.pointer for f in faults), tuple(faults))
    return Settings(**values)
