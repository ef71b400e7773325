-- The next transaction number this server will give out.
SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint
