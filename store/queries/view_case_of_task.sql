-- The case of a task, if the scope holds it.
SELECT c.doc FROM tasks t JOIN cases c ON c.id = t.case_id
WHERE t.id = $1::uuid
  AND (
    $2::text[] = '{}' OR EXISTS (SELECT FROM unnest($2::text[]) AS a (key) WHERE starts_with(c.area, a.key))
    OR (t.worker = $4::text AND t.unit IS NULL)
  )
  AND ($3::text IS NULL OR t.unit = $3::text)
  AND ($4::text IS NULL OR (t.worker = $4::text AND t.unit IS NULL))
