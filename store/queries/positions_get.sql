-- How far a reader of the events has come.
SELECT tx, seq FROM positions WHERE reader = $1::text
