-- Of the given ids those of imports whose file is still needed.
SELECT id FROM imports WHERE id = ANY ($1::uuid[]) AND ended_at IS NULL
