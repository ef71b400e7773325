-- How many imports of a client wait or run.
SELECT count(*) FROM imports WHERE client = $1 AND ended_at IS NULL
