-- The next events in commit order: only transactions below the oldest running one, so that none can appear before them.
SELECT tx, seq, subject, version, type, at, route, doc
FROM events
WHERE (tx, seq) > ($1::bigint, $2::bigint)
  AND tx < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
ORDER BY tx, seq
LIMIT $3::integer
