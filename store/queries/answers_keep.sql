-- Remember what was answered, for repeats.
INSERT INTO answers (client, key, fingerprint, subject, version)
SELECT * FROM unnest($1::text[], $2::text[], $3::bytea[], $4::uuid[], $5::integer[])
