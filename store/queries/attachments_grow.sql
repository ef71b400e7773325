-- Note a piece that is safe in the file store, if the upload still stands where it begins.
WITH grown AS (
    UPDATE attachments SET received = received + $3::bigint, parts = parts + 1, changed_at = now()
    WHERE id = $1::uuid AND state = 'uploading' AND received = $2::bigint AND received + $3::bigint <= length
    RETURNING id
)
INSERT INTO attachment_parts (attachment_id, start, size, blob)
SELECT id, $2::bigint, $3::bigint, $4::text FROM grown
RETURNING start
