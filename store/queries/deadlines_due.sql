-- Deadlines whose time has come, judged by this server's clock.
SELECT case_id, clock, cycle FROM deadlines
WHERE due_at < clock_timestamp()
ORDER BY due_at LIMIT $1::integer
