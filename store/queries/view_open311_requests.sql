-- A page of cases as Open311 service requests, newest first: opened in a span, narrowed by category and by whether they
-- are open, for one origin only those behind which its own report stands; with the first reporter's words if wanted.
SELECT c.doc,
       CASE WHEN $10::boolean THEN (
           SELECT r.doc ->> 'text' FROM case_reports l JOIN reports r ON r.id = l.report_id
           WHERE l.case_id = c.id ORDER BY l.linked_at, r.received_at, r.id LIMIT 1
       ) END AS words
FROM cases c
WHERE c.opened_at >= $1::timestamptz AND c.opened_at <= $2::timestamptz
  AND ($3::text[] IS NULL OR coalesce(c.category, '') = ANY ($3::text[]))
  AND ($4::boolean IS NULL OR (c.ended_at IS NULL) = $4::boolean)
  AND ($5::text IS NULL OR EXISTS (
      SELECT FROM case_reports l JOIN reports r ON r.id = l.report_id WHERE l.case_id = c.id AND r.origin = $5::text
  ))
  AND ($6::timestamptz IS NULL OR (c.opened_at, c.id) < ($6::timestamptz, $7::uuid))
ORDER BY c.opened_at DESC, c.id DESC
LIMIT $8::integer OFFSET $9::integer
