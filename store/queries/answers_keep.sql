-- Remember what was answered, for repeats.
INSERT INTO answers (client, key, fingerprint, case_id, version)
SELECT * FROM unnest($1::text[], $2::text[], $3::bytea[], $4::uuid[], $5::integer[])
