-- Put reports behind cases.
INSERT INTO case_reports (report_id, case_id, opened, linked_at)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::boolean[], $4::timestamptz[])
ON CONFLICT DO NOTHING
