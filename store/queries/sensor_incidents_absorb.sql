-- Incidents that go on as part of others, each with its alarms and with what it had absorbed itself.
WITH pairs AS (
    SELECT * FROM unnest($1::uuid[], $2::uuid[]) AS p (absorbed, into_id)
), moved AS (
    UPDATE sensor_alarms a SET incident = p.into_id FROM pairs p WHERE a.incident = p.absorbed
)
UPDATE sensor_incidents i SET absorbed_by = p.into_id
FROM pairs p WHERE i.id = p.absorbed OR i.absorbed_by = p.absorbed
