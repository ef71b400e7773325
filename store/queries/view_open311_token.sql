-- The number of a report's home, null until it has one; only reports that came in by Open311.
SELECT (
    SELECT c.no FROM case_reports l JOIN cases c ON c.id = l.case_id WHERE l.report_id = r.id AND l.home
) AS no
FROM reports r
WHERE r.id = $1::uuid AND starts_with(r.origin, 'open311:')
