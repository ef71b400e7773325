-- Clients whose key is the given one.
SELECT c.id FROM unnest($1::text[], $2::bytea[]) AS g (id, key_hash) JOIN clients c USING (id, key_hash)
