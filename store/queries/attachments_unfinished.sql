-- Uploads whose last byte came a while ago and whose content nobody has looked at: who was about to, has died.
SELECT * FROM attachments
WHERE state = 'uploading' AND received = length AND changed_at < now() - $1::interval
ORDER BY changed_at LIMIT $2::integer
