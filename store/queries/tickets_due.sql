-- Tickets with a promise whose time has come, judged by this server's clock.
SELECT report_id FROM tickets
WHERE next_due_at < clock_timestamp()
ORDER BY next_due_at LIMIT $1::integer
