-- Incidents as they are now; name, beginning and report of one that is known stay.
INSERT INTO sensor_incidents (id, name, cause, level, opened_at, changed_at, recovered_at, report)
SELECT * FROM unnest(
    $1::uuid[], $2::text[], $3::text[], $4::smallint[], $5::timestamptz[], $6::timestamptz[], $7::timestamptz[], $8::uuid[]
)
ON CONFLICT (id) DO UPDATE
SET level = excluded.level, changed_at = excluded.changed_at, recovered_at = excluded.recovered_at
