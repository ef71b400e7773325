-- The alarms of an incident as far as the caller may see their devices, in the order they were raised.
SELECT a.device, d.name AS device_name, a.rule, a.alarm, a.level, a.since, a.raised_at, a.cleared_at, a.value, a.reason,
       a.flapping, a.incident
FROM sensor_alarms a JOIN devices d ON d.id = a.device
WHERE a.incident = $1::uuid AND ($3::text IS NULL OR d.unit = $3::text)
  AND ($2::text[] = '{}' OR EXISTS (SELECT FROM unnest($2::text[]) AS k (key) WHERE starts_with(d.area, k.key)))
ORDER BY a.raised_at, a.device, a.rule
LIMIT $4::integer
