-- What stands under (client, key), and what became of it.
SELECT m.client, m.key, m.fingerprint, m.outcome, r.id AS report_id
FROM unnest($1::text[], $2::text[]) AS g (client, key)
JOIN messages m USING (client, key)
LEFT JOIN reports r ON (r.origin, r.origin_key) = (m.client, m.ticket_no)
