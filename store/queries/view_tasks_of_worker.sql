-- An inspector's open tasks, oldest first; keyset on (offered_at, id).
SELECT t.id, c.doc FROM tasks t JOIN cases c ON c.id = t.case_id
WHERE t.worker = $1::text AND t.unit IS NULL AND t.ended_at IS NULL
  AND ($2::timestamptz IS NULL OR (t.offered_at, t.id) > ($2::timestamptz, $3::uuid))
ORDER BY t.offered_at, t.id
LIMIT $4::integer
