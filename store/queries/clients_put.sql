-- Enter or update the clients a city pack names; their keys stay as they are. Others may call no longer.
WITH gone AS (
    UPDATE clients SET active = false WHERE active AND id <> ALL ($1::text[])
)
INSERT INTO clients (id, name, role, unit, areas)
SELECT g.id, g.name, g.role, g.unit, coalesce(string_to_array(nullif(g.areas, ''), ' '), '{}')
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[]) AS g (id, name, role, unit, areas)
ON CONFLICT (id) DO UPDATE
SET name = excluded.name, role = excluded.role, unit = excluded.unit, areas = excluded.areas, active = true
