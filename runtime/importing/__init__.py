"""Files in: rows of a CSV become hotline tickets and go through the same doors as everybody's (``cityloop import``)."""

from runtime.importing.mapping import RowMapping, read_mapping
from runtime.importing.rows import RowFile
from runtime.importing.run import RefusalFile, Tally, import_rows
from runtime.importing.senders import HttpSender, KafkaSender, Refusal, Sender

__all__ = [
    "HttpSender",
    "KafkaSender",
    "Refusal",
    "RefusalFile",
    "RowFile",
    "RowMapping",
    "Sender",
    "Tally",
    "import_rows",
    "read_mapping",
]
