-- All clients that may call.
SELECT id FROM clients WHERE active ORDER BY id
