-- Just before the first event of a moment or later; used by hand after a restore, so a scan is fine.
SELECT tx, seq - 1 AS seq FROM events WHERE at >= $1::timestamptz ORDER BY tx, seq LIMIT 1
