-- Note devices nobody registered, or that spoke by another gateway, as one batch heard them.
INSERT INTO unknown_devices AS u (id, gateway, reason, first_at, last_at, readings, last_value)
SELECT id, gateway, reason, now(), now(), readings, last_value
FROM unnest($1::text[], $2::text[], $3::unknown_reason[], $4::bigint[], $5::float8[])
     AS heard (id, gateway, reason, readings, last_value)
ON CONFLICT (id, gateway) DO UPDATE
SET reason = excluded.reason, last_at = excluded.last_at, readings = u.readings + excluded.readings,
    last_value = excluded.last_value
