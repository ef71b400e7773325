-- Open and overdue cases of each lead unit; the caller names the open states, by which the index finds them.
SELECT unit, count(*) AS open, count(*) FILTER (WHERE overdue) AS overdue
FROM cases WHERE state = ANY ($1::case_state[]) AND unit IS NOT NULL GROUP BY unit
