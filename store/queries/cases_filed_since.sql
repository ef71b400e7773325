-- Filed cases reported since a time, the newest first: what a rulebook is tried on.
SELECT doc FROM cases
WHERE opened_at >= $1::timestamptz AND filed_at IS NOT NULL AND category IS NOT NULL
ORDER BY opened_at DESC, id DESC
LIMIT $2
