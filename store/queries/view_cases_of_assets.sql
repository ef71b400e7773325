-- Open cases behind which a report about one of these components stands, as far as the scope (see view_case) sees them.
SELECT DISTINCT r.asset, c.no, c.state::text, c.category, c.unit, c.overdue, c.opened_at
FROM reports r
JOIN case_reports l ON l.report_id = r.id
JOIN cases c ON c.id = l.case_id
WHERE r.asset = ANY ($1::text[]) AND c.ended_at IS NULL
  AND (
    $2::text[] = '{}' OR EXISTS (SELECT FROM unnest($2::text[]) AS a (key) WHERE starts_with(c.area, a.key))
    OR EXISTS (SELECT FROM tasks t WHERE t.case_id = c.id AND t.worker = $4::text AND t.unit IS NULL)
    OR EXISTS (
      SELECT FROM case_reports k JOIN reports o ON o.id = k.report_id WHERE k.case_id = c.id AND o.origin = $5::text
    )
  )
  AND ($3::text IS NULL OR EXISTS (SELECT FROM tasks t WHERE t.case_id = c.id AND t.unit = $3::text))
  AND ($6::text IS NULL OR EXISTS (
    SELECT FROM case_reports k JOIN reports o ON o.id = k.report_id WHERE k.case_id = c.id AND o.origin = $6::text
  ))
ORDER BY c.opened_at, c.no
