"""What to do about the codes of devices and their readings; part of ``runtime.remedies``."""

from collections.abc import Mapping

DEVICE_DOORS: Mapping[str, str] = {
    "body-not-array": "send a list of data arrays, even of one; docs/sensorthings.md shows it",
    "components-invalid": "name `result`, and `phenomenonTime` or `resultTime` if you have them, each once",
    "datastream-mismatch": "name the Datastream in the address or in the body, or the same in both",
    "device-id-invalid": "use 1 to 64 letters, digits and `. _ : ~ -`, beginning and ending with a letter or digit",
    "device-limits-invalid": 'write limits as `{"rule-id": [raise, clear]}` with finite numbers',
    "mqtt-topic-unknown": "publish to the topics docs/mqtt.md names",
    "partition-wrong": "let the key choose the partition (murmur2, the default of Kafka's own clients)",
    "query-option-invalid": "ask by the options docs/sensorthings.md lists; others are refused, not ignored",
    "readings-mixed": "send one reading (`device`, `at`, `value`) or columns (`gateway`, `devices`, `at`, `values`)",
    "readings-none": "send nothing where there is no reading",
    "readings-uneven": "send columns of one length: a device, a time and a value for each reading",
    "sensors-not-ready": "nothing: the worker reads what it remembers of its devices, and then goes on",
}
DEVICE_TABLE: Mapping[str, str] = {"devices-load-running": "wait for the other load to end, then give this one"}
