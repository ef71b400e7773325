-- Forget what waits outside all days, odd readings and unknown devices not heard of since a moment; how many rows.
WITH waiting AS (
    DELETE FROM readings_waiting WHERE at < $1::timestamptz RETURNING 1
), odd AS (
    DELETE FROM readings_odd WHERE kept_at < $1::timestamptz RETURNING 1
), unknown AS (
    DELETE FROM unknown_devices WHERE last_at < $1::timestamptz RETURNING 1
)
SELECT (SELECT count(*) FROM waiting) + (SELECT count(*) FROM odd) + (SELECT count(*) FROM unknown)
