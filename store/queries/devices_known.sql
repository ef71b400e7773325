-- The devices with these ids; unknown ids are absent.
SELECT * FROM devices WHERE id = ANY ($1::text[])
