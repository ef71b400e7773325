-- Bring the staged batch into the register and count what became of it. Rows that change nothing are not written.
WITH judged AS MATERIALIZED (
    SELECT s.*,
           CASE
               WHEN d.id IS NULL THEN 'added'
               WHEN (s.kind, s.gateway, s.name, s.lon, s.lat, s.crs, s.grid, s.area, s.network, s.unit, s.component,
                     s.accuracy, s.limits, s.active)
                    IS NOT DISTINCT FROM
                    (d.kind, d.gateway, d.name, d.lon, d.lat, d.crs, d.grid, d.area, d.network, d.unit, d.component,
                     d.accuracy, d.limits, d.active) THEN 'unchanged'
               ELSE 'changed'
           END AS fate
    FROM devices_staged s LEFT JOIN devices d ON d.id = s.id
), added AS (
    INSERT INTO devices (
        id, kind, gateway, name, lon, lat, crs, grid, area, network, unit, component, accuracy, limits, active
    )
    SELECT id, kind, gateway, name, lon, lat, crs, grid, area, network, unit, component, accuracy, limits, active
    FROM judged WHERE fate = 'added'
), changed AS (
    UPDATE devices d
    SET (kind, gateway, name, lon, lat, crs, grid, area, network, unit, component, accuracy, limits, active,
         updated_at, tx)
      = (j.kind, j.gateway, j.name, j.lon, j.lat, j.crs, j.grid, j.area, j.network, j.unit, j.component, j.accuracy,
         j.limits, j.active, now(), pg_current_xact_id())
    FROM judged j WHERE j.fate = 'changed' AND d.id = j.id
)
SELECT fate, count(*) AS number FROM judged GROUP BY fate
