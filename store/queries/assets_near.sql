-- Components within a distance of a point (WGS-84), the nearest first. One column of lattice cells at a time, so that
-- each look is a short range of the index; metres on a local plane as in domain.duplicates.
SELECT a.*, d.metres
FROM generate_series($3::integer, $4::integer) AS x (cell)
JOIN assets a ON a.cell_x = x.cell AND a.cell_y BETWEEN $5::integer AND $6::integer
CROSS JOIN LATERAL (
    SELECT 111320.0 * sqrt(((a.lon - $1::float8) * cosd(($2::float8 + a.lat) / 2)) ^ 2 + (a.lat - $2::float8) ^ 2)
) AS d (metres)
WHERE d.metres <= $7::float8
ORDER BY d.metres, a.code
LIMIT $8::integer
