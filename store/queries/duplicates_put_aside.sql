-- What somebody said of a pair of cases: do not show it before a day. Said of a pair nobody had found, it is kept too.
WITH said AS (
    UPDATE duplicates SET aside_until = coalesce($3::timestamptz, 'infinity'), said_by = $4::text, said_at = now()
    WHERE (case_id, other_id) IN (($1::uuid, $2::uuid), ($2::uuid, $1::uuid))
    RETURNING case_id
)
INSERT INTO duplicates (case_id, other_id, kind, score, grounds, found_at, aside_until, said_by, said_at)
SELECT $1::uuid, $2::uuid, 'same', 0, '[]', now(), coalesce($3::timestamptz, 'infinity'), $4::text, now()
WHERE NOT EXISTS (SELECT FROM said)
ON CONFLICT (case_id, other_id) DO UPDATE
SET aside_until = excluded.aside_until, said_by = excluded.said_by, said_at = excluded.said_at
