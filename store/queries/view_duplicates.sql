-- A page of cases that may be duplicates, newest first, each with the pairs nobody has put aside: the case is still open,
-- the other not merged meanwhile. Keyset on (found_at, case_id); all pairs of a case were found at once.
SELECT d.case_id, c.no, d.found_at,
       json_agg(
           json_build_object('no', o.no, 'state', o.state, 'kind', d.kind, 'score', d.score, 'grounds', d.grounds)
           ORDER BY d.score DESC
       ) AS others
FROM duplicates d
JOIN cases c ON c.id = d.case_id
JOIN cases o ON o.id = d.other_id
WHERE d.score > 0 AND (d.aside_until IS NULL OR d.aside_until <= now())
  AND c.ended_at IS NULL AND o.state NOT IN ('merged', 'void')
  AND ($1::text[] = '{}' OR (
    EXISTS (SELECT FROM unnest($1::text[]) AS a (key) WHERE starts_with(c.area, a.key))
    AND EXISTS (SELECT FROM unnest($1::text[]) AS a (key) WHERE starts_with(o.area, a.key))
  ))
  AND ($2::timestamptz IS NULL OR (d.found_at, d.case_id) < ($2::timestamptz, $3::uuid))
GROUP BY d.found_at, d.case_id, c.no
ORDER BY d.found_at DESC, d.case_id DESC
LIMIT $4::integer
