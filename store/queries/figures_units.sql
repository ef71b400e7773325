-- Open and overdue cases of each lead unit.
SELECT unit, count(*) AS open, count(*) FILTER (WHERE overdue) AS overdue
FROM cases WHERE ended_at IS NULL AND unit IS NOT NULL GROUP BY unit
