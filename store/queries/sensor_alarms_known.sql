-- Which of given alarms are in the record, whether they still stand, and the cause of their incident.
SELECT a.device, a.rule, a.since, a.cleared_at IS NULL AS stands, i.cause
FROM unnest($1::text[], $2::text[], $3::timestamptz[]) AS k (device, rule, since)
JOIN sensor_alarms a USING (device, rule, since)
JOIN sensor_incidents i ON i.id = a.incident
