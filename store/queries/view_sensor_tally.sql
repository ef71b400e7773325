-- What the readings of given devices came to, by the record: how many are kept, how many of them were said before, their
-- alarms, the incidents they are witnesses of with the reports the city was told by; and what unknown devices said.
WITH mine AS (
    SELECT no, id FROM devices WHERE id = ANY ($1::text[])
), kept AS (
    SELECT count(*) AS all, count(DISTINCT (device, at)) AS different
    FROM (SELECT device, at FROM readings UNION ALL SELECT device, at FROM readings_odd) AS r
    WHERE device IN (SELECT no FROM mine)
), alarms AS (
    SELECT count(*) AS raised, count(cleared_at) AS cleared, coalesce(array_agg(DISTINCT incident), '{}') AS incidents
    FROM sensor_alarms WHERE device IN (SELECT id FROM mine)
), incidents AS (
    SELECT i.id, i.absorbed_by, i.noted, whole.recovered_at,
           (SELECT count(DISTINCT device) FROM sensor_alarms WHERE incident = i.id) AS witnesses
    FROM alarms, sensor_incidents i JOIN sensor_incidents whole ON whole.id = coalesce(i.absorbed_by, i.id)
    WHERE whole.id = ANY (alarms.incidents)
), told AS (
    SELECT r.id, i.id AS incident, r.origin_key = i.id::text AS first
    FROM incidents i JOIN reports r ON r.origin = 'sensors' AND starts_with(r.origin_key, i.id::text)
)
SELECT kept.all AS kept, kept.all - kept.different AS again,
       (SELECT coalesce(sum(readings), 0)::bigint FROM unknown_devices
        WHERE id = ANY ($2::text[]) AND reason = 'unknown') AS unknown,
       alarms.raised, alarms.cleared,
       (SELECT count(*) FROM incidents) AS incidents,
       (SELECT count(*) FROM incidents WHERE absorbed_by IS NOT NULL) AS absorbed,
       (SELECT count(*) FROM incidents WHERE recovered_at IS NOT NULL) AS recovered,
       (SELECT count(*) FROM incidents WHERE recovered_at IS NOT NULL AND noted) AS noted,
       (SELECT coalesce(max(witnesses), 0) FROM incidents) AS witnesses,
       (SELECT count(DISTINCT incident) FROM told WHERE first) AS reported,
       (SELECT coalesce(array_agg(id ORDER BY id), '{}') FROM told) AS reports
FROM kept, alarms
