"""Drills that try to break what docs/reliability.md promises: real servers, real kills, a ledger kept by the sender."""
