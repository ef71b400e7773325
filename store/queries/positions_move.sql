-- Note how far a reader of the events has come.
INSERT INTO positions (reader, tx, seq) VALUES ($1::text, $2::bigint, $3::bigint)
ON CONFLICT (reader) DO UPDATE SET tx = excluded.tx, seq = excluded.seq, moved_at = now()
