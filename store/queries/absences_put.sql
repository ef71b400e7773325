-- Somebody is away; what was said of them before is replaced.
INSERT INTO absences (person, since, until, deputy, said_by)
VALUES ($1::text, $2::timestamptz, $3::timestamptz, $4::text, $5::text)
ON CONFLICT (person) DO UPDATE
SET since = excluded.since, until = excluded.until, deputy = excluded.deputy, said_by = excluded.said_by,
    said_at = now()
