-- Open cases of given categories in given lattice cells: candidates for «the same incident».
SELECT c.id, c.category, coalesce(c.occurred_at, c.opened_at) AS occurred_at, c.lon, c.lat
FROM unnest($1::text[], $2::integer[], $3::integer[]) AS w (category, cell_x, cell_y)
JOIN cases c USING (category, cell_x, cell_y)
WHERE c.ended_at IS NULL
