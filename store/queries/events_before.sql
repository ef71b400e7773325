-- The last event before a moment; used by hand after a restore, so a scan is fine.
SELECT tx, seq FROM events WHERE at < $1::timestamptz ORDER BY tx DESC, seq DESC LIMIT 1
