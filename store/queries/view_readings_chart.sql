-- The readings of a device between two moments, in buckets of one width. What is out of range, or dated by a clock or
-- sent by a gateway that is suspect, is counted and not drawn.
SELECT date_bin($4::interval, at, $2::timestamptz) AS bucket,
       min(value) FILTER (WHERE flags = 0) AS low,
       max(value) FILTER (WHERE flags = 0) AS high,
       avg(value) FILTER (WHERE flags = 0) AS mean,
       count(*) FILTER (WHERE flags = 0) AS count,
       count(*) FILTER (WHERE flags <> 0) AS flagged
FROM readings
WHERE device = $1::integer AND at >= $2::timestamptz AND at < $3::timestamptz
GROUP BY bucket
ORDER BY bucket
