-- A page of cases, newest first, narrowed by filter and scope; keyset on (opened_at, id).
SELECT c.doc FROM cases c
WHERE ($1::text[] = '{}' OR EXISTS (SELECT FROM unnest($1::text[]) AS a (key) WHERE starts_with(c.area, a.key)))
  AND ($2::text IS NULL OR EXISTS (SELECT FROM tasks t WHERE t.case_id = c.id AND t.unit = $2::text))
  AND ($3::text IS NULL OR starts_with(c.area, $3::text))
  AND ($4::text IS NULL OR c.unit = $4::text)
  AND ($5::text IS NULL OR c.category = $5::text)
  AND ($6::case_state IS NULL OR c.state = $6::case_state)
  AND ($7::boolean IS NULL OR c.overdue = $7::boolean)
  AND ($8::timestamptz IS NULL OR (c.opened_at, c.id) < ($8::timestamptz, $9::uuid))
ORDER BY c.opened_at DESC, c.id DESC
LIMIT $10::integer
