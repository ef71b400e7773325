-- The tickets whose messages are to be tried again; the longer one has waited, the later its next trial.
UPDATE messages m
SET next_try_at = now() + least(greatest((now() - m.heard_at) / 2, interval '1 second'), interval '10 minutes')
FROM (
    SELECT client, key FROM messages WHERE next_try_at <= now()
    ORDER BY next_try_at LIMIT $1::integer FOR UPDATE SKIP LOCKED
) AS due
WHERE (m.client, m.key) = (due.client, due.key)
RETURNING m.client, m.ticket_no
