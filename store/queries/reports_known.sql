-- What stands under (origin, origin_key): to tell a repeat from another report under the same key.
SELECT r.origin, r.origin_key, r.id, r.fingerprint
FROM unnest($1::text[], $2::text[]) AS g (origin, origin_key)
JOIN reports r USING (origin, origin_key)
