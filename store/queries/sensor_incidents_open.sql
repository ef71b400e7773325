-- The open incidents of given causes, a row for each alarm that stands behind them.
SELECT i.id, i.name, i.cause, i.level, i.opened_at, i.changed_at, i.report,
       a.device, a.rule, a.since, a.alarm, a.level AS alarm_level, a.raised_at, a.lon, a.lat, a.links
FROM sensor_incidents i JOIN sensor_alarms a ON a.incident = i.id AND a.cleared_at IS NULL
WHERE i.recovered_at IS NULL AND i.absorbed_by IS NULL AND i.cause = ANY ($1::text[])
