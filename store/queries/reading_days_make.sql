-- Make the partitions of these days, and of every day within them that readings wait for; how many were new.
SELECT count(*) FILTER (WHERE make_reading_day(day))
FROM (
    SELECT day::date FROM generate_series($2::date, $3::date, interval '1 day') AS ahead (day)
    UNION
    SELECT (at AT TIME ZONE 'UTC')::date FROM readings_waiting
    WHERE at >= $1::date::timestamp AT TIME ZONE 'UTC' AND at < ($3::date + 1)::timestamp AT TIME ZONE 'UTC'
) AS wanted (day)
