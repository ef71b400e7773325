-- Every answer a caller was given, the first one first.
SELECT version, at, words FROM ticket_answers
WHERE report_id = $1::uuid AND verb = 'answer'
ORDER BY version
