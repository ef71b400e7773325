-- One reject, whole.
SELECT * FROM rejects WHERE id = $1::bigint
