-- A page of devices by their ids, narrowed, as far as the caller may see them.
SELECT * FROM devices
WHERE ($1::text IS NULL OR kind = $1::text)
  AND ($2::text IS NULL OR starts_with(area, $2::text))
  AND ($3::text IS NULL OR gateway = $3::text)
  AND ($4::text IS NULL OR network = $4::text)
  AND ($5::text IS NULL OR id > $5::text)
  AND ($6::text[] = '{}' OR EXISTS (SELECT FROM unnest($6::text[]) AS a (key) WHERE starts_with(area, a.key)))
  AND ($7::text IS NULL OR unit = $7::text)
  AND (NOT $10::boolean OR lon IS NOT NULL)
ORDER BY id
LIMIT $8::integer OFFSET $9::integer
