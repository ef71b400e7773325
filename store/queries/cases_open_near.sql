-- Cases that may be of one incident with what is reported: of given categories in given blocks of the lattice, or about
-- given components, that happened within an interval of given moments and are open, or ended less than another interval
-- before; each with what its first report says. A block is a column of the index, so that each look is a short range.
WITH near AS (
    SELECT c.id
    FROM unnest($1::text[], $2::integer[], $3::integer[], $4::timestamptz[], $5::timestamptz[])
        AS w (category, x, y, since, until)
    JOIN cases c ON c.category = w.category AND c.cell_x >> 2 = w.x AND c.cell_y >> 2 = w.y
        AND coalesce(c.occurred_at, c.opened_at) BETWEEN w.since - $6::interval AND w.until + $6::interval
    WHERE c.cell_x IS NOT NULL AND (c.ended_at IS NULL OR c.ended_at >= w.since - $7::interval)
    UNION
    SELECT c.id
    FROM unnest($8::text[], $9::timestamptz[]) AS w (asset, moment)
    JOIN reports r ON r.asset = w.asset
    JOIN case_reports l ON l.report_id = r.id AND l.opened
    JOIN cases c ON c.id = l.case_id
        AND coalesce(c.occurred_at, c.opened_at) BETWEEN w.moment - $6::interval AND w.moment + $6::interval
    WHERE c.ended_at IS NULL OR c.ended_at >= w.moment - $7::interval
)
SELECT c.id, c.category, coalesce(c.occurred_at, c.opened_at) AS occurred_at, c.ended_at, c.lon, c.lat,
       first.asset, left(first.doc ->> 'text', 200) AS text, first.doc ->> 'address' AS address
FROM near
JOIN cases c USING (id)
CROSS JOIN LATERAL (
    SELECT r.asset, r.doc FROM case_reports l JOIN reports r ON r.id = l.report_id
    WHERE l.case_id = c.id AND l.opened LIMIT 1
) AS first
WHERE c.category IS NOT NULL AND c.state NOT IN ('not_accepted', 'withdrawn', 'not_filed', 'void', 'merged')
