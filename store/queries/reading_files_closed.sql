-- Forget files that have been closed.
DELETE FROM reading_files WHERE name = ANY ($1::text[])
