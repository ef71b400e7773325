"""Real cities replayed through the whole system: packs made from their data, rows sent through Kafka, every row found.

``python -m bench.acceptance`` prints the table and writes it to docs/acceptance.md; skips where the data is absent.
"""
