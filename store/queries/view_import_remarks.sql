-- What is to be said of an import's rows, in the order of lines; keyset on (line, n).
SELECT line, n, outcome, pointer, code, hint FROM import_remarks
WHERE import_id = $1 AND (line, n) > ($2::integer, $3::integer)
ORDER BY line, n
LIMIT $4
