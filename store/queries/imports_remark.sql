-- Note what is to be said of rows.
INSERT INTO import_remarks (import_id, line, n, outcome, pointer, code, hint)
SELECT $1, line, n, outcome, pointer, code, hint
FROM unnest($2::integer[], $3::integer[], $4::text[], $5::text[], $6::text[], $7::text[])
    AS g (line, n, outcome, pointer, code, hint)
