-- What people said on some cases within a shift, in order.
SELECT e.subject, e.at, e.type, e.doc -> 'actor' ->> 'id' AS by, e.doc ->> 'reason' AS reason, e.doc ->> 'note' AS note
FROM events e
WHERE e.subject = ANY ($1::uuid[]) AND e.at >= $2::timestamptz AND e.at < $3::timestamptz
  AND (e.doc ->> 'note' <> '' OR e.doc ->> 'reason' <> '')
ORDER BY e.at, e.subject, e.version
LIMIT $4::integer
