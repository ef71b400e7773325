-- Case events in commit order for live streams, with what streams are filtered by.
SELECT e.tx, e.seq, e.subject, e.version, e.type, e.at, c.no, c.area, c.unit, c.category, e.doc ->> 'state' AS state,
       ARRAY(SELECT t.unit FROM tasks t WHERE t.case_id = c.id) AS units
FROM events e JOIN cases c ON c.id = e.subject
WHERE (e.tx, e.seq) > ($1::bigint, $2::bigint)
  AND e.tx < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
  AND ($3::text[] = '{}' OR EXISTS (SELECT FROM unnest($3::text[]) AS a (key) WHERE starts_with(c.area, a.key)))
  AND ($4::text IS NULL OR EXISTS (SELECT FROM tasks t WHERE t.case_id = c.id AND t.unit = $4::text))
ORDER BY e.tx, e.seq
LIMIT $5::integer
