-- An upload whose content is good, and whose files are in their places.
UPDATE attachments
SET state = 'ready', changed_at = now(), kind = $2::attachment_kind, type = $3::text, sha256 = $4::bytea,
    served_sha256 = $5::bytea, served_size = $6::bigint, stripped = $7::boolean, thumbnail_size = $8::bigint,
    width = $9::integer, height = $10::integer, lon = $11::double precision, lat = $12::double precision
WHERE id = $1::uuid AND state = 'uploading' AND received = length
RETURNING id
