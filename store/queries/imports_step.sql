-- So many more rows were judged and became so; nothing is returned where the import was cancelled or taken over.
UPDATE imports SET
    read = read + $3, accepted = accepted + $4, repeated = repeated + $5, refused = refused + $6, tries = 0,
    leased_to = clock_timestamp() + $7::interval
WHERE id = $1 AND attempt = $2 AND state = 'running'
RETURNING id
