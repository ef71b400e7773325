-- Cancel a client's import that has not come to its end.
UPDATE imports SET state = 'cancelled', leased_to = NULL, ended_at = clock_timestamp()
WHERE id = $1 AND client = $2 AND ended_at IS NULL
RETURNING id
