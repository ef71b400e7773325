-- One case by number, if the scope holds it.
SELECT c.doc FROM cases c
WHERE c.no = $1::text
  AND (
    $2::text[] = '{}' OR EXISTS (SELECT FROM unnest($2::text[]) AS a (key) WHERE starts_with(c.area, a.key))
    OR EXISTS (SELECT FROM tasks t WHERE t.case_id = c.id AND t.worker = $4::text AND t.unit IS NULL)
    OR EXISTS (
      SELECT FROM case_reports l JOIN reports r ON r.id = l.report_id WHERE l.case_id = c.id AND r.origin = $5::text
    )
  )
  AND ($3::text IS NULL OR EXISTS (SELECT FROM tasks t WHERE t.case_id = c.id AND t.unit = $3::text))
  AND ($6::text IS NULL OR EXISTS (
    SELECT FROM case_reports l JOIN reports r ON r.id = l.report_id WHERE l.case_id = c.id AND r.origin = $6::text
  ))
