-- A device by its id, as far as the caller may see it.
SELECT * FROM devices
WHERE id = $1::text
  AND ($2::text[] = '{}' OR EXISTS (SELECT FROM unnest($2::text[]) AS a (key) WHERE starts_with(area, a.key)))
  AND ($3::text IS NULL OR unit = $3::text)
