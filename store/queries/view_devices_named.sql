-- The devices with these ids, as far as the caller may see them.
SELECT * FROM devices
WHERE id = ANY ($1::text[])
  AND ($2::text[] = '{}' OR EXISTS (SELECT FROM unnest($2::text[]) AS a (key) WHERE starts_with(area, a.key)))
  AND ($3::text IS NULL OR unit = $3::text)
