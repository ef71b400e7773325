-- The reports behind a case, the first one first; no contact data.
SELECT r.id, r.source::text AS source, r.received_at, l.opened, r.doc ->> 'text' AS text, r.doc ->> 'address' AS address
FROM case_reports l JOIN reports r ON r.id = l.report_id
WHERE l.case_id = $1::uuid
ORDER BY l.linked_at, r.received_at, r.id
