-- The open tasks of a unit with their cases, the oldest first: what one shift leaves to the next.
SELECT t.id, c.doc, (count(*) OVER ())::bigint AS open
FROM tasks t JOIN cases c ON c.id = t.case_id
WHERE t.unit = $1::text AND t.ended_at IS NULL
  AND ($2::text[] = '{}' OR EXISTS (SELECT FROM unnest($2::text[]) AS a (key) WHERE starts_with(c.area, a.key)))
ORDER BY t.offered_at, t.id
LIMIT $3::integer
