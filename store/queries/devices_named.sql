-- The ids of devices by their numbers.
SELECT no, id FROM devices WHERE no = ANY ($1::integer[])
