-- Keep what we could not use.
INSERT INTO rejects (topic, partition, record_offset, item, key, headers, value, digest, code, reason, traceback)
SELECT * FROM unnest(
    $1::text[], $2::integer[], $3::bigint[], $4::integer[], $5::bytea[], $6::json[], $7::bytea[], $8::bytea[],
    $9::text[], $10::text[], $11::text[]
)
ON CONFLICT (topic, partition, record_offset, item, digest) DO NOTHING
