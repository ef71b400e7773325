-- A page of tickets, the earliest date owed first, narrowed by filter and scope; keyset on (due_at, report_id).
SELECT t.doc, r.doc ->> 'text' AS text, r.origin
FROM tickets t JOIN reports r ON r.id = t.report_id
WHERE t.state = ANY ($1::ticket_state[])
  AND ($2::ticket_tier IS NULL OR t.tier = $2::ticket_tier)
  AND ($3::boolean IS NULL OR t.overdue = $3::boolean)
  AND ($4::timestamptz IS NULL OR (t.due_at, t.report_id) > ($4::timestamptz, $5::uuid))
  AND ($6::text[] IS NULL OR r.origin = ANY ($6::text[]))
  AND ($7::text[] = '{}' OR EXISTS (
      SELECT FROM case_reports l JOIN cases c ON c.id = l.case_id, unnest($7::text[]) AS a (key)
      WHERE l.report_id = t.report_id AND starts_with(c.area, a.key)
  ))
  AND ($8::text IS NULL OR EXISTS (
      SELECT FROM case_reports l JOIN tasks k ON k.case_id = l.case_id
      WHERE l.report_id = t.report_id AND k.unit = $8::text
  ))
ORDER BY t.due_at, t.report_id
LIMIT $9::integer
