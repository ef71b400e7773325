-- A page of the readings of a device between two moments, in order of time.
SELECT at, value, flags FROM readings
WHERE device = $1::integer AND at >= $2::timestamptz AND at < $3::timestamptz
ORDER BY at
LIMIT $4::integer OFFSET $5::integer
