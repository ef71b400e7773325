-- Open tasks of each of some units, by the index of open tasks.
SELECT unit, count(*) AS open FROM tasks WHERE unit = ANY ($1::text[]) AND ended_at IS NULL GROUP BY unit
