-- What a client has announced under a key.
SELECT * FROM attachments WHERE client = $1::text AND key = $2::text
