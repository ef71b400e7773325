-- A page of cases, newest first, narrowed by filter and scope; keyset on (opened_at, id). Conditions that were not asked
-- for fold away when the page is planned, and the first areas of a scope stand alone, so that each can use its index.
SELECT c.doc FROM cases c
WHERE ($1::text IS NULL OR starts_with(c.area, $1::text))
  AND ($2::text IS NULL OR c.unit = $2::text)
  AND ($3::text IS NULL OR c.category = $3::text)
  AND ($4::case_state IS NULL OR c.state = $4::case_state)
  AND ($5::boolean IS NULL OR c.overdue = $5::boolean)
  AND ($6::boolean IS NULL OR c.petitioned = $6::boolean)
  AND ($7::timestamptz IS NULL OR (c.opened_at, c.id) < ($7::timestamptz, $8::uuid))
  AND (
    $10::text[] = '{}'
    OR starts_with(c.area, ($10::text[])[1]) OR starts_with(c.area, ($10::text[])[2])
    OR starts_with(c.area, ($10::text[])[3]) OR starts_with(c.area, ($10::text[])[4])
    OR (
      cardinality($10::text[]) > 4
      AND EXISTS (SELECT FROM unnest(($10::text[])[5:]) AS a (key) WHERE starts_with(c.area, a.key))
    )
    OR (
      $11::text IS NOT NULL
      AND c.id IN (SELECT t.case_id FROM tasks t WHERE t.worker = $11::text AND t.unit IS NULL AND t.ended_at IS NULL)
    )
  )
ORDER BY c.opened_at DESC, c.id DESC
LIMIT $9::integer
