-- A page of rulebooks without their rows, the newest first.
SELECT id, name, version, state, author, created_at, effective_from, note, rules, approved_by, approved_at,
    retired_by, retired_at
FROM rulebooks
WHERE $1::timestamptz IS NULL OR (created_at, id) < ($1, $2::uuid)
ORDER BY created_at DESC, id DESC
LIMIT $3
