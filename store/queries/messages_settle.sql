-- What became of messages; their words are forgotten here, and the rejects that told of their waiting are answered.
WITH settled AS (
    UPDATE messages m
    SET outcome = g.outcome, refusal = nullif(g.refusal, ''), doc = NULL, next_try_at = NULL, settled_at = now()
    FROM unnest($1::text[], $2::text[], $3::message_outcome[], $4::text[]) AS g (client, key, outcome, refusal)
    WHERE (m.client, m.key) = (g.client, g.key) AND m.outcome IS NULL
    RETURNING m.topic, m.partition, m.record_offset
)
UPDATE rejects r SET replayed_at = now() FROM settled s
WHERE (r.topic, r.partition, r.record_offset) = (s.topic, s.partition, s.record_offset) AND r.replayed_at IS NULL
