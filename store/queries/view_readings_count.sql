-- How many readings of a device there are between two moments.
SELECT count(*) FROM readings WHERE device = $1::integer AND at >= $2::timestamptz AND at < $3::timestamptz
