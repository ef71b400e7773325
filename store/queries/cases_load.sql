-- Aggregates by id.
SELECT id, doc FROM cases WHERE id = ANY ($1::uuid[])
