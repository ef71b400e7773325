-- Note an import whose file is safe; a key of the client that is known already is passed over.
INSERT INTO imports (id, client, key, fingerprint, doc, size, rows)
VALUES ($1, $2, $3, $4, $5::json, $6, $7)
ON CONFLICT (client, key) DO NOTHING
RETURNING id
