-- The rulebook in force on this day in the time zone $1, if any; its rows only if it is not the one known as $2.
SELECT id, name, version, state, author, created_at, effective_from, note, rules, approved_by, approved_at,
    retired_by, retired_at,
    CASE WHEN id = $2::uuid THEN NULL ELSE rows END AS rows
FROM rulebooks
WHERE state = 'approved' AND effective_from <= (now() AT TIME ZONE $1)::date
ORDER BY effective_from DESC, approved_at DESC
LIMIT 1
