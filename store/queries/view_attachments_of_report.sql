-- What a report names.
SELECT a.* FROM attachments a JOIN attachment_links l ON l.attachment_id = a.id
WHERE l.report_id = $1::uuid
ORDER BY a.created_at, a.id
