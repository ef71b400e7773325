-- Closed cases of a period drawn at random, a quota for each lead unit; the seed alone decides which.
SELECT id FROM (
    SELECT id, row_number() OVER (PARTITION BY unit ORDER BY sha256(convert_to($1::text || no, 'UTF8')), id) AS place
    FROM cases
    WHERE state IN ('closed', 'evaluated') AND ended_at >= $3::timestamptz AND ended_at < $4::timestamptz
) AS shuffled
WHERE place <= $2::integer
ORDER BY id
