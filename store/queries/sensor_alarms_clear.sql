-- Alarms that are over, each from the moment it was; one cleared before stays as it is.
UPDATE sensor_alarms a SET cleared_at = k.at
FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::timestamptz[]) AS k (device, rule, since, at)
WHERE (a.device, a.rule, a.since) = (k.device, k.rule, k.since) AND a.cleared_at IS NULL
