-- Note how much of a file of readings is committed with this transaction.
INSERT INTO reading_files (name, day, length) VALUES ($1::text, $2::date, $3::bigint)
ON CONFLICT (name) DO UPDATE SET length = excluded.length
