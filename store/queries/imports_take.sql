-- Take the oldest import that waits, or whose worker has been silent for too long, for a time.
UPDATE imports SET
    state = 'running', attempt = attempt + 1, tries = tries + 1, leased_to = clock_timestamp() + $1::interval,
    started_at = coalesce(started_at, clock_timestamp())
WHERE id = (
    SELECT id FROM imports
    WHERE ended_at IS NULL AND (state = 'waiting' OR leased_to < clock_timestamp())
    ORDER BY created_at LIMIT 1
    FOR UPDATE SKIP LOCKED
)
RETURNING *
