-- Rejects that wait for somebody, oldest first.
SELECT * FROM rejects
WHERE replayed_at IS NULL AND id > $2::bigint AND ($1::text IS NULL OR code = $1::text)
ORDER BY id LIMIT $3::integer
