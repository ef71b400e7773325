-- The alarms of a device that stood at some moment between two, in the order they began.
SELECT a.device, d.name AS device_name, a.rule, a.alarm, a.level, a.since, a.raised_at, a.cleared_at, a.value, a.reason,
       a.flapping, a.incident
FROM sensor_alarms a JOIN devices d ON d.id = a.device
WHERE a.device = $1::text AND a.since < $3::timestamptz AND (a.cleared_at IS NULL OR a.cleared_at >= $2::timestamptz)
ORDER BY a.since, a.rule
