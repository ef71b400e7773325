"""``cityloop bridge``: doors to other brokers, each a process of its own. What is heavy is imported when it runs."""

import logging
import sys
from typing import Annotated

import typer

bridge = typer.Typer(no_args_is_help=True, help="Doors to other brokers, each a process of its own.")


@bridge.callback()
def about() -> None:
    """Doors to other brokers, each a process of its own."""


@bridge.command("mqtt")
def mqtt_command(
    number: Annotated[int, typer.Option(min=0, max=99, help="tells bridges apart: each has a session of its own")] = 0,
) -> None:
    """Bring readings from the city's MQTT broker to Kafka until stopped; several bridges share them (docs/mqtt.md)."""
    from runtime.machine import running_settings
    from runtime.mqtt import run_mqtt_bridge
    from runtime.settings import load

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s", stream=sys.stderr)
    run_mqtt_bridge(running_settings(load()), number)
