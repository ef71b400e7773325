-- One ticket with its report and the cases that stands behind, if the scope holds it; no contact data.
SELECT t.doc, r.doc ->> 'text' AS text, r.doc ->> 'address' AS address, r.origin,
       coalesce(array_agg(c.no ORDER BY l.linked_at) FILTER (WHERE c.id IS NOT NULL), '{}') AS nos,
       coalesce(array_agg(c.state::text ORDER BY l.linked_at) FILTER (WHERE c.id IS NOT NULL), '{}') AS states,
       coalesce(array_agg(l.opened ORDER BY l.linked_at) FILTER (WHERE c.id IS NOT NULL), '{}') AS opened
FROM tickets t
JOIN reports r ON r.id = t.report_id
LEFT JOIN case_reports l ON l.report_id = r.id
LEFT JOIN cases c ON c.id = l.case_id
WHERE t.report_id = $1::uuid
  AND ($2::text[] IS NULL OR r.origin = ANY ($2::text[]))
  AND ($4::text IS NULL OR EXISTS (
      SELECT FROM case_reports m JOIN tasks k ON k.case_id = m.case_id
      WHERE m.report_id = t.report_id AND k.unit = $4::text
  ))
GROUP BY t.report_id, r.id
HAVING $3::text[] = '{}'
    OR bool_or(EXISTS (SELECT FROM unnest($3::text[]) AS a (key) WHERE starts_with(c.area, a.key)))
