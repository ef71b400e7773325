-- One attachment.
SELECT * FROM attachments WHERE id = $1::uuid
