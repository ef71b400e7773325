-- Put attachments behind the cases whose actions name them.
INSERT INTO attachment_links (attachment_id, case_id)
SELECT a.id, g.case_id FROM unnest($1::uuid[], $2::uuid[]) AS g (id, case_id) JOIN attachments a USING (id)
ON CONFLICT DO NOTHING
