"""A bridge that dies between Kafka's acknowledgement and its own: run by test_mqtt_bridge.py as ``cityloop`` would."""

import os
import signal
import sys
from collections.abc import Sequence

from runtime.cli import main
from streams.mqtt_source import Arrived, MqttSource


def die(_: MqttSource, __: Sequence[Arrived]) -> None:
    """What was to be acknowledged is on Kafka; the broker never hears of it."""
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    MqttSource.acknowledge = die  # type: ignore[method-assign]
    sys.argv = ["cityloop", "bridge", "mqtt"]
    main()
