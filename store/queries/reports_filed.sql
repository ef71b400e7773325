-- Of the given reports, those that have found their home.
SELECT report_id AS id FROM case_reports WHERE report_id = ANY ($1::uuid[]) AND home
