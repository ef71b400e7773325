-- All messages that wait on these tickets, in order of arrival, with the ticket's report where there is one.
SELECT m.doc, m.fingerprint, r.id AS report_id, t.report_id IS NOT NULL AS ticketed
FROM (SELECT DISTINCT client, ticket_no FROM unnest($1::text[], $2::text[]) AS g (client, ticket_no)) AS named
JOIN messages m USING (client, ticket_no)
LEFT JOIN reports r ON (r.origin, r.origin_key) = (m.client, m.ticket_no)
LEFT JOIN tickets t ON t.report_id = r.id
WHERE m.outcome IS NULL
ORDER BY m.seq
