-- These wait for their ticket: a moment until the next trial, and the address of the record that came last.
UPDATE messages m
SET next_try_at = now() + interval '1 second', topic = g.topic, partition = g.partition, record_offset = g.record_offset
FROM unnest($1::text[], $2::text[], $3::text[], $4::integer[], $5::bigint[])
    AS g (client, key, topic, partition, record_offset)
WHERE (m.client, m.key) = (g.client, g.key) AND m.outcome IS NULL
