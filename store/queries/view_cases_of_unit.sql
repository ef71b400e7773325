-- A page of the cases a unit has or had a task on, narrowed like view_cases. A query of its own: beside an OR the planner
-- could not start from the unit's tasks, and a unit with few would make it read all cases.
SELECT c.doc FROM cases c
WHERE EXISTS (SELECT FROM tasks t WHERE t.case_id = c.id AND t.unit = $10::text)
  AND ($1::text IS NULL OR starts_with(c.area, $1::text))
  AND ($2::text IS NULL OR c.unit = $2::text)
  AND ($3::text IS NULL OR c.category = $3::text)
  AND ($4::case_state IS NULL OR c.state = $4::case_state)
  AND ($5::boolean IS NULL OR c.overdue = $5::boolean)
  AND ($6::boolean IS NULL OR c.petitioned = $6::boolean)
  AND ($7::timestamptz IS NULL OR (c.opened_at, c.id) < ($7::timestamptz, $8::uuid))
  AND ($11::text[] = '{}' OR EXISTS (SELECT FROM unnest($11::text[]) AS a (key) WHERE starts_with(c.area, a.key)))
ORDER BY c.opened_at DESC, c.id DESC
LIMIT $9::integer
