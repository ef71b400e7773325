-- Clients nobody has given a key yet.
SELECT id FROM clients WHERE key_hash IS NULL AND active ORDER BY id
