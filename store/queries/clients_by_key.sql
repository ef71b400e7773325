-- The active client behind a hashed key.
SELECT id, name, role, unit, areas FROM clients WHERE key_hash = $1::bytea AND active
