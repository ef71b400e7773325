-- What a client has handed in under a key.
SELECT * FROM imports WHERE client = $1 AND key = $2
