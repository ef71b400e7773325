-- How many devices of a kind, or with a position, or at all, the caller may see.
SELECT count(*) AS number FROM devices
WHERE ($1::text IS NULL OR kind = $1::text)
  AND (NOT $2::boolean OR lon IS NOT NULL)
  AND ($3::text[] = '{}' OR EXISTS (SELECT FROM unnest($3::text[]) AS a (key) WHERE starts_with(area, a.key)))
  AND ($4::text IS NULL OR unit = $4::text)
