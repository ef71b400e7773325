-- Commands answered before under these Idempotency-Keys.
SELECT a.client, a.key, a.fingerprint, a.subject, a.version
FROM unnest($1::text[], $2::text[]) AS g (client, key) JOIN answers a USING (client, key)
