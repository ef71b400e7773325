-- What a unit has to do now: its open tasks by part, and how many of their cases have missed a promise.
SELECT t.part::text AS part,
       count(*) AS open,
       count(*) FILTER (WHERE t.state = 'offered') AS offered,
       count(*) FILTER (WHERE c.overdue) AS overdue,
       min(t.offered_at) AS oldest
FROM tasks t JOIN cases c ON c.id = t.case_id
WHERE t.unit = $1::text AND t.ended_at IS NULL
  AND ($2::text[] = '{}' OR EXISTS (SELECT FROM unnest($2::text[]) AS a (key) WHERE starts_with(c.area, a.key)))
GROUP BY t.part ORDER BY t.part
