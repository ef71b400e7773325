-- Keep an import for this transaction, if it is still its worker's.
SELECT id FROM imports WHERE id = $1 AND attempt = $2 AND state = 'running' FOR UPDATE
