-- Forget imports that ended long ago, with their remarks; the reports they brought in stay.
DELETE FROM imports WHERE id IN (
    SELECT id FROM imports WHERE ended_at < clock_timestamp() - $1::interval ORDER BY ended_at LIMIT $2
)
RETURNING id
