-- Cases by their printed numbers as Open311 service requests, newest first; as view_open311_requests.
SELECT c.doc,
       CASE WHEN $3::boolean THEN (
           SELECT r.doc ->> 'text' FROM case_reports l JOIN reports r ON r.id = l.report_id
           WHERE l.case_id = c.id ORDER BY l.linked_at, r.received_at, r.id LIMIT 1
       ) END AS words
FROM cases c
WHERE c.no = ANY ($1::text[])
  AND ($2::text IS NULL OR EXISTS (
      SELECT FROM case_reports l JOIN reports r ON r.id = l.report_id WHERE l.case_id = c.id AND r.origin = $2::text
  ))
ORDER BY c.opened_at DESC, c.id DESC
