-- A page of the reports behind a case, also those taken back, the first one first; no contact data.
SELECT r.id, r.source::text AS source, r.received_at, l.opened, l.withdrawn, l.linked_at,
       r.doc ->> 'text' AS text, r.doc ->> 'address' AS address
FROM case_reports l JOIN reports r ON r.id = l.report_id
WHERE l.case_id = $1::uuid
  AND ($2::timestamptz IS NULL OR (NOT l.opened AND (l.linked_at, l.report_id) > ($2::timestamptz, $3::uuid)))
ORDER BY l.opened DESC, l.linked_at, l.report_id
LIMIT $4::integer
