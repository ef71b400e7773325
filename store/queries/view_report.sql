-- One report with the cases it stands behind; callers bound to an origin see only their own.
SELECT r.doc, r.received_at,
       coalesce(array_agg(c.no ORDER BY l.linked_at) FILTER (WHERE c.id IS NOT NULL), '{}') AS nos,
       coalesce(array_agg(c.state::text ORDER BY l.linked_at) FILTER (WHERE c.id IS NOT NULL), '{}') AS states,
       coalesce(array_agg(l.opened ORDER BY l.linked_at) FILTER (WHERE c.id IS NOT NULL), '{}') AS opened
FROM reports r
LEFT JOIN case_reports l ON l.report_id = r.id
LEFT JOIN cases c ON c.id = l.case_id
WHERE r.id = $1::uuid AND ($2::text IS NULL OR r.origin = $2::text)
GROUP BY r.id
