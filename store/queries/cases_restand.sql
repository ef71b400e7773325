-- How linked reports stand to their cases now.
UPDATE case_reports l SET behind = g.behind, own = g.own, withdrawn = g.withdrawn
FROM unnest($1::uuid[], $2::uuid[], $3::boolean[], $4::boolean[], $5::boolean[])
    AS g (case_id, report_id, behind, own, withdrawn)
WHERE (l.report_id, l.case_id) = (g.report_id, g.case_id)
