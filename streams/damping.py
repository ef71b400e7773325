"""One line in ten seconds instead of ten a second: what the Kafka client repeats while the broker is away."""

import logging
import time

_QUIET = 10.0


class Damped(logging.Filter):
    """Lets a message through once in ``quiet`` seconds, counted by its template."""

    def __init__(self, quiet: float = _QUIET) -> None:
        super().__init__()
        self._quiet = quiet
        self._last: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether this record is written; debug and info are not damped."""
        if record.levelno < logging.WARNING:
            return True
        now = time.monotonic()
        if now - self._last.get(record.msg, float("-inf")) < self._quiet:
            return False
        self._last[record.msg] = now
        return True


def damp_clients() -> None:
    """Damp the loggers of aiokafka; silence kafka-python, whose failures our own code reports."""
    for name in tuple(logging.root.manager.loggerDict):
        if name == "aiokafka" or name.startswith("aiokafka."):
            logging.getLogger(name).addFilter(Damped())
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
