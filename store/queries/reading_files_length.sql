-- What of a file of readings is committed; nothing where it is new.
SELECT length FROM reading_files WHERE name = $1::text FOR UPDATE
