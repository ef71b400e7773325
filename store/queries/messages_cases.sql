-- The cases that reports stand behind, and were not taken back from, the home first.
SELECT report_id, case_id FROM case_reports
WHERE report_id = ANY ($1::uuid[]) AND behind
ORDER BY home DESC, linked_at, case_id
