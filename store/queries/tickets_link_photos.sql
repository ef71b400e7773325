-- Put photos behind the reports whose tickets name them, if the call centre itself has uploaded them.
INSERT INTO attachment_links (attachment_id, report_id)
SELECT a.id, g.report_id FROM unnest($1::uuid[], $2::uuid[], $3::text[]) AS g (id, report_id, client)
JOIN attachments a ON a.id = g.id AND a.client IN (g.client, 'hotline-' || g.client)
ON CONFLICT DO NOTHING
