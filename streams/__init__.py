"""Door one: Kafka. Understand a record, call one handler, acknowledge after the commit."""
