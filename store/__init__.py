"""The memory: PostgreSQL, and the only SQL."""
