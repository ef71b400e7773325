-- Attachments nobody has named, untouched for a time; locked, so that nobody names them now.
SELECT id FROM attachments a
WHERE a.changed_at < now() - $1::interval
  AND NOT EXISTS (SELECT FROM attachment_links l WHERE l.attachment_id = a.id)
ORDER BY a.changed_at LIMIT $2::integer
FOR UPDATE SKIP LOCKED
