-- One load at a time: true where this session is the one.
SELECT pg_try_advisory_lock($1::bigint)
