-- Take messages into the record, each once for ever; what stands under a known (client, key) stays as it is.
INSERT INTO messages (client, key, fingerprint, kind, ticket_no, doc, topic, partition, record_offset, next_try_at)
SELECT client, key, fingerprint, kind, ticket_no, doc, topic, partition, record_offset, now() + interval '1 second'
FROM unnest(
    $1::text[], $2::text[], $3::bytea[], $4::message_kind[], $5::text[], $6::json[], $7::text[], $8::integer[],
    $9::bigint[]
) WITH ORDINALITY AS g (client, key, fingerprint, kind, ticket_no, doc, topic, partition, record_offset, n)
ORDER BY n
ON CONFLICT (client, key) DO NOTHING
