-- Note which first dispatches came back.
UPDATE dispatches d SET sent_back_at = g.at
FROM unnest($1::uuid[], $2::timestamptz[]) AS g (case_id, at)
WHERE d.case_id = g.case_id
