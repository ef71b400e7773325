-- One import of a client.
SELECT * FROM imports WHERE id = $1 AND client = $2
