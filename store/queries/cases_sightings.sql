-- What the first reports behind given cases say of their incidents.
SELECT c.id, c.category, coalesce(c.occurred_at, c.opened_at) AS occurred_at, c.ended_at, c.lon, c.lat,
       first.asset, left(first.doc ->> 'text', 200) AS text, first.doc ->> 'address' AS address
FROM cases c
CROSS JOIN LATERAL (
    SELECT r.asset, r.doc FROM case_reports l JOIN reports r ON r.id = l.report_id
    WHERE l.case_id = c.id AND l.opened LIMIT 1
) AS first
WHERE c.id = ANY ($1::uuid[])
