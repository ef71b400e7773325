-- Give a client a new key; the old one stops working.
UPDATE clients SET key_hash = $2::bytea WHERE id = $1::text RETURNING id
