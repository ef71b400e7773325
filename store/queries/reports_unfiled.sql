-- Reports that have no home yet, oldest first.
SELECT r.doc, r.received_at
FROM reports r
WHERE r.id = ANY ($1::uuid[]) AND NOT EXISTS (SELECT FROM case_reports l WHERE l.report_id = r.id AND l.home)
ORDER BY r.received_at, r.id
