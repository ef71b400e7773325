-- Begin an import again that must be judged from its first row on; only its worker may.
WITH own AS (
    UPDATE imports SET read = 0, accepted = 0, repeated = 0, refused = 0
    WHERE id = $1 AND attempt = $2 AND state = 'running'
    RETURNING id
)
DELETE FROM import_remarks WHERE import_id IN (SELECT id FROM own)
