-- Files of days before this one that wait to be closed, with what of each is committed; locked until that is done.
SELECT name, length FROM reading_files WHERE day < $1::date ORDER BY name FOR UPDATE SKIP LOCKED
