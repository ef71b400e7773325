-- Incidents that are over, or are part of one that is, and whose case does not know it yet, oldest first; those whose
-- report is not filed yet wait.
SELECT i.id, i.report, l.case_id
FROM sensor_incidents i
JOIN sensor_incidents whole ON whole.id = coalesce(i.absorbed_by, i.id)
JOIN case_reports l ON l.report_id = i.report
WHERE NOT i.noted AND whole.recovered_at IS NOT NULL
ORDER BY i.opened_at
LIMIT $1::integer
