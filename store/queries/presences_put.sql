-- An inspector is on duty, here.
INSERT INTO presences (client, lon, lat, seen_at) VALUES ($1::text, $2::float8, $3::float8, now())
ON CONFLICT (client) DO UPDATE SET lon = excluded.lon, lat = excluded.lat, seen_at = excluded.seen_at
