-- A ticket's events in order, each with what was said; the report's own acceptance is none of them.
SELECT e.doc, coalesce(a.words, '') AS words
FROM events e
LEFT JOIN ticket_answers a ON (a.report_id, a.version) = (e.subject, e.version)
WHERE e.subject = $1::uuid AND e.type LIKE 'ticket.%'
ORDER BY e.version
