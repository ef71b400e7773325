-- How reports stand to given cases, the first one first: those named, and all behind other given cases. Looked up report
-- by report (OFFSET 0 keeps it so), never by all that stand behind a case.
WITH asked AS (
    SELECT unnest($2::uuid[]) AS report_id
    UNION
    SELECT l.report_id FROM case_reports l WHERE l.case_id = ANY ($3::uuid[]) AND l.behind
)
SELECT k.case_id, k.report_id, k.behind, k.own, k.withdrawn
FROM asked
CROSS JOIN LATERAL (
    SELECT * FROM case_reports l WHERE l.report_id = asked.report_id AND l.case_id = ANY ($1::uuid[]) OFFSET 0
) AS k
ORDER BY k.opened DESC, k.linked_at, k.report_id
