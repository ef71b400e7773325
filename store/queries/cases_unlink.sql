-- Take reports from behind cases they had come to by a merge; a home stays.
DELETE FROM case_reports l USING unnest($1::uuid[], $2::uuid[]) AS g (case_id, report_id)
WHERE (l.report_id, l.case_id) = (g.report_id, g.case_id) AND NOT l.home
