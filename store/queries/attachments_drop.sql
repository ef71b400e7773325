-- Forget attachments that are still named by nobody.
DELETE FROM attachments a
WHERE a.id = ANY ($1::uuid[]) AND NOT EXISTS (SELECT FROM attachment_links l WHERE l.attachment_id = a.id)
RETURNING a.id
