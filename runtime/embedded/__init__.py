"""The embedded broker and database for one machine without Docker: real servers, started and stopped as children.

Both are context managers with ``start``, ``stop``, ``kill``, ``alive`` and ``pid``; every failure to start is a
``domain.errors.Unavailable`` that says what to do.
"""

from runtime.embedded.kafka import EmbeddedKafka
from runtime.embedded.postgres import EmbeddedPostgres

__all__ = ["EmbeddedKafka", "EmbeddedPostgres"]
