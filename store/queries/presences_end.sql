-- An inspector goes off duty.
DELETE FROM presences WHERE client = $1::text
