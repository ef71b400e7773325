-- Lock the subjects of a unit of work (sorted by the caller), then read the clock.
WITH locked AS MATERIALIZED (
    SELECT pg_advisory_xact_lock(key) FROM unnest($1::bigint[]) AS key
)
SELECT clock_timestamp() FROM (SELECT count(*) FROM locked) AS all_of_them
