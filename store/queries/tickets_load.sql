-- Tickets by their report.
SELECT report_id, doc FROM tickets WHERE report_id = ANY ($1::uuid[])
