-- Alarms whose time has come, judged by this server's clock.
SELECT case_id, clock::text AS clock, cycle, share FROM alarms
WHERE rings_at < clock_timestamp()
ORDER BY rings_at LIMIT $1::integer
