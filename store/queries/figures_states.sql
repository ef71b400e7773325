-- Cases by state.
SELECT state::text AS state, count(*) AS count FROM cases GROUP BY state
