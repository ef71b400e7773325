-- Alarms as they are raised; one that is known stays as it is. Links come as one text each, with blanks between.
INSERT INTO sensor_alarms
    (device, rule, since, alarm, level, raised_at, value, reason, flapping, lon, lat, links, incident)
SELECT device, rule, since, alarm, level, raised_at, value, reason, flapping, lon, lat,
       string_to_array(links, ' '), incident
FROM unnest(
    $1::text[], $2::text[], $3::timestamptz[], $4::text[], $5::smallint[], $6::timestamptz[], $7::double precision[],
    $8::text[], $9::boolean[], $10::double precision[], $11::double precision[], $12::text[], $13::uuid[]
) AS a (device, rule, since, alarm, level, raised_at, value, reason, flapping, lon, lat, links, incident)
ON CONFLICT DO NOTHING
