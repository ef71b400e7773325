-- The cases of these incidents know of the recovery.
UPDATE sensor_incidents SET noted = true WHERE id = ANY ($1::uuid[])
