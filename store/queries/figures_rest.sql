-- Ages, send-backs and what waits: one row of figures.
SELECT
    (SELECT extract(epoch FROM now() - min(opened_at))::float8 FROM cases WHERE ended_at IS NULL) AS oldest_open_seconds,
    (SELECT count(*) FROM tasks WHERE part = 'lead' AND round = 0) AS dispatched,
    (SELECT count(*) FROM tasks WHERE part = 'lead' AND state = 'sent_back') AS sent_back,
    (SELECT count(*) FROM rejects WHERE replayed_at IS NULL) AS rejects_waiting,
    (SELECT count(*) FROM deadlines WHERE due_at < now()) AS deadlines_late,
    (
        SELECT extract(epoch FROM now() - min(e.at))::float8
        FROM (
            SELECT at FROM events
            WHERE (tx, seq) > (SELECT coalesce(max(tx), 0), coalesce(max(seq), 0) FROM positions WHERE reader = 'relay')
            ORDER BY tx, seq LIMIT 1
        ) AS e
    ) AS outbox_age_seconds
