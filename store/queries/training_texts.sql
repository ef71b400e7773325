-- Texts whose category people decided or confirmed: filed by a person, or closed in the ordinary way. One row a report.
SELECT r.id, c.id AS case_id, c.category, r.doc ->> 'text' AS text
FROM cases c
JOIN case_reports l ON l.case_id = c.id
JOIN reports r ON r.id = l.report_id
WHERE c.updated_at >= $1::timestamptz
    AND c.category IS NOT NULL
    AND c.state NOT IN ('void', 'not_filed', 'not_accepted', 'withdrawn', 'merged')
    AND coalesce(r.doc ->> 'text', '') <> ''
    AND (
        c.state IN ('closed', 'evaluated')
        OR EXISTS (
            SELECT FROM events e
            WHERE e.subject = c.id AND e.type = 'case.filed' AND e.doc -> 'actor' ->> 'role' <> 'system'
        )
    )
ORDER BY c.updated_at, c.id, r.id
