-- A case's events in order.
SELECT doc FROM events WHERE subject = $1::uuid ORDER BY version
