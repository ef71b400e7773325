-- One report with the cases it stands behind. Callers bound to an origin see their own wherever it is; callers bound
-- to areas see those behind a case there.
SELECT r.doc, r.received_at,
       coalesce(array_agg(c.no ORDER BY l.linked_at) FILTER (WHERE c.id IS NOT NULL), '{}') AS nos,
       coalesce(array_agg(c.state::text ORDER BY l.linked_at) FILTER (WHERE c.id IS NOT NULL), '{}') AS states,
       coalesce(array_agg(l.opened ORDER BY l.linked_at) FILTER (WHERE c.id IS NOT NULL), '{}') AS opened
FROM reports r
LEFT JOIN case_reports l ON l.report_id = r.id
LEFT JOIN cases c ON c.id = l.case_id
WHERE r.id = $1::uuid AND ($2::text IS NULL OR r.origin = $2::text)
GROUP BY r.id
HAVING $2::text IS NOT NULL OR $3::text[] = '{}'
    OR bool_or(EXISTS (SELECT FROM unnest($3::text[]) AS a (key) WHERE starts_with(c.area, a.key)))
