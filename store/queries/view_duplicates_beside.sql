-- Of the given cases those that the scope holds, with what was said of each beside one case.
SELECT c.id, c.no, c.state, c.opened_at, c.ended_at,
       coalesce(d.aside_until > now(), false) AS aside, nullif(d.aside_until, 'infinity') AS aside_until
FROM cases c
LEFT JOIN LATERAL (
    SELECT d.aside_until FROM duplicates d
    WHERE (d.case_id = $1::uuid AND d.other_id = c.id) OR (d.case_id = c.id AND d.other_id = $1::uuid)
    ORDER BY d.said_at DESC NULLS LAST LIMIT 1
) AS d ON true
WHERE c.id = ANY ($2::uuid[])
  AND ($3::text[] = '{}' OR EXISTS (SELECT FROM unnest($3::text[]) AS a (key) WHERE starts_with(c.area, a.key)))
