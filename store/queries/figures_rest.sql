-- Ages and what waits, each found by an index: one row of figures. The oldest open case is that of the oldest by state.
SELECT
    (
        SELECT extract(epoch FROM now() - min(first.opened_at))::float8
        FROM unnest($1::case_state[]) AS s (state)
        CROSS JOIN LATERAL (
            SELECT c.opened_at FROM cases c WHERE c.state = s.state ORDER BY c.opened_at LIMIT 1
        ) AS first
    ) AS oldest_open_seconds,
    (SELECT count(*) FROM rejects WHERE replayed_at IS NULL) AS rejects_waiting,
    (SELECT count(*) FROM alarms WHERE rings_at < now()) AS alarms_late,
    (
        SELECT extract(epoch FROM now() - min(e.at))::float8
        FROM (
            SELECT at FROM events
            WHERE (tx, seq) > (SELECT coalesce(max(tx), 0), coalesce(max(seq), 0) FROM positions WHERE reader = 'relay')
            ORDER BY tx, seq LIMIT 1
        ) AS e
    ) AS outbox_age_seconds
