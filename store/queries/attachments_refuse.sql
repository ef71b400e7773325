-- An upload whose content is refused.
UPDATE attachments SET state = 'refused', refusal = $2::text, changed_at = now()
WHERE id = $1::uuid AND state = 'uploading'
RETURNING id
