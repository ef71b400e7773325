-- Inspectors on duty, with their areas and how much each has to do.
SELECT p.client, p.lon, p.lat, p.seen_at, c.areas, count(t.id) AS open_tasks
FROM presences p
JOIN clients c ON c.id = p.client AND c.active
LEFT JOIN tasks t ON t.worker = p.client AND t.ended_at IS NULL
WHERE p.seen_at > now() - $1::interval
GROUP BY p.client, c.areas
