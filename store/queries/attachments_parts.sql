-- The pieces of an upload in order.
SELECT blob, size FROM attachment_parts WHERE attachment_id = $1::uuid ORDER BY start
