-- A page of devices that speak and are kept apart, the last heard first; those registered since are left out.
SELECT u.id, u.gateway, u.reason::text AS reason, u.first_at, u.last_at, u.readings, u.last_value
FROM unknown_devices u
WHERE NOT EXISTS (SELECT FROM devices d WHERE d.id = u.id AND (d.gateway = u.gateway OR u.reason = 'unknown'))
  AND ($1::timestamptz IS NULL OR (u.last_at, u.id, u.gateway) < ($1::timestamptz, $2::text, $3::text))
ORDER BY u.last_at DESC, u.id DESC, u.gateway DESC
LIMIT $4::integer
