-- The pieces of an upload that has come to its end.
DELETE FROM attachment_parts WHERE attachment_id = $1::uuid RETURNING blob
