-- Open cases of given categories in and around given lattice cells, that happened within an interval of given moments:
-- candidates for «the same incident». One column of cells at a time, so that each look is a short range of the index.
SELECT c.id, c.category, coalesce(c.occurred_at, c.opened_at) AS occurred_at, c.lon, c.lat
FROM unnest($1::text[], $2::integer[], $3::integer[], $4::timestamptz[]) AS w (category, x, y, moment)
CROSS JOIN (VALUES (-1), (0), (1)) AS d (x)
JOIN cases c ON c.category = w.category
    AND c.cell_x = w.x + d.x AND c.cell_y BETWEEN w.y - 1 AND w.y + 1
    AND coalesce(c.occurred_at, c.opened_at) BETWEEN w.moment - $5::interval AND w.moment + $5::interval
WHERE c.ended_at IS NULL AND c.cell_x IS NOT NULL
