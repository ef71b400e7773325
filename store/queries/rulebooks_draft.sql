-- A new draft; no row comes back if its version is known already.
INSERT INTO rulebooks (id, name, version, rows, rules, note, author, effective_from)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (version) DO NOTHING
RETURNING id
