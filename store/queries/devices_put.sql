-- Register a device or change it: true where it is new, false where it changed, nothing where it is as it was.
INSERT INTO devices AS d (
    id, kind, gateway, name, lon, lat, crs, grid, area, network, unit, component, accuracy, limits, active
)
VALUES (
    $1::text, $2::text, $3::text, $4::text, $5::float8, $6::float8, $7::text, $8::text, $9::text, $10::text, $11::text,
    $12::text, $13::float8, $14::text::jsonb, $15::boolean
)
ON CONFLICT (id) DO UPDATE
SET (kind, gateway, name, lon, lat, crs, grid, area, network, unit, component, accuracy, limits, active,
     updated_at, tx)
  = (excluded.kind, excluded.gateway, excluded.name, excluded.lon, excluded.lat, excluded.crs, excluded.grid,
     excluded.area, excluded.network, excluded.unit, excluded.component, excluded.accuracy, excluded.limits,
     excluded.active, now(), pg_current_xact_id())
WHERE (d.kind, d.gateway, d.name, d.lon, d.lat, d.crs, d.grid, d.area, d.network, d.unit, d.component, d.accuracy,
       d.limits, d.active)
      IS DISTINCT FROM
      (excluded.kind, excluded.gateway, excluded.name, excluded.lon, excluded.lat, excluded.crs, excluded.grid,
       excluded.area, excluded.network, excluded.unit, excluded.component, excluded.accuracy, excluded.limits,
       excluded.active)
RETURNING d.xmax = 0
