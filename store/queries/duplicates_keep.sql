-- Keep pairs that may be one incident; a pair that is known stays as it is.
INSERT INTO duplicates (case_id, other_id, kind, score, grounds, found_at)
SELECT g.case_id, g.other_id, g.kind, g.score, g.grounds, $6::timestamptz
FROM unnest($1::uuid[], $2::uuid[], $3::duplicate_kind[], $4::float8[], $5::json[])
    AS g (case_id, other_id, kind, score, grounds)
ON CONFLICT (case_id, other_id) DO NOTHING
