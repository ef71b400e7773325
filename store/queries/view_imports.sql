-- A page of a client's imports, the newest first; keyset on (created_at, id).
SELECT * FROM imports
WHERE client = $1 AND ($2::timestamptz IS NULL OR (created_at, id) < ($2::timestamptz, $3::uuid))
ORDER BY created_at DESC, id DESC
LIMIT $4
