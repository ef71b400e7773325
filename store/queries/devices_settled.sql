-- The position below which every change of a device has been committed or given up.
SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint
