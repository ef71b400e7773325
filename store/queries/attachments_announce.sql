-- Announce an upload; a known (client, key) is left as it is and nothing is returned.
INSERT INTO attachments (id, client, key, fingerprint, state, name, length, received, parts, digest)
VALUES ($1::uuid, $2::text, $3::text, $4::bytea, 'uploading', $5::text, $6::bigint, 0, 0, $7::bytea)
ON CONFLICT (client, key) DO NOTHING
RETURNING id
