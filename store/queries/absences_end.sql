-- Somebody is back.
DELETE FROM absences WHERE person = $1::text
